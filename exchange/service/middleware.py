"""Around every request: a limit on bodies that are read into memory."""

from collections.abc import MutableMapping
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exchange.protocol.models import Refused

# Larger than any JSON that is sent; bundles are streamed and have limits of their own.
MAX_JSON_BYTES = 1_000_000
TOO_LARGE = Refused(f"the request is larger than {MAX_JSON_BYTES} bytes", remedy="send less at a time", status=413)
STREAMED = {("PUT", "release"), ("PUT", "solution"), ("PUT", "feedback"), ("POST", "submissions")}


class LimitBody:
    """Refuse a body over the limit on every route that would hold it in memory."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (scope["method"], scope["path"].rsplit("/", 1)[-1]) in STREAMED:
            await self.app(scope, receive, send)
            return
        left, answered = MAX_JSON_BYTES, False

        async def limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise TOO_LARGE
            return message

        async def answer(message: MutableMapping[str, Any]) -> None:
            nonlocal answered
            if left >= 0:
                await send(message)
            elif not answered:  # whatever read the body has turned the exception into an answer of its own
                answered = True
                await JSONResponse(TOO_LARGE.as_dict(), TOO_LARGE.status)(scope, receive, send)

        await self.app(scope, limited, answer)
