"""How every service refuses: with {rule, value, remedy}, whatever was raised on the way."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from exchange.protocol.models import Refused

Body = Callable[[Refused], dict[str, Any]]


def of_http(request: Request, error: HTTPException) -> Refused:
    """Translate what the framework raises for an unknown address or method."""
    return Refused(
        str(error.detail), f"{request.method} {request.url.path}"[:200], "see openapi.json", error.status_code
    )


def of_invalid(error: RequestValidationError) -> Refused:
    """Translate what the framework raises for a request that does not fit its description: the first fault."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return Refused(f"{where}: {first['msg']}", ascii(first.get("input"))[:200], "see openapi.json", 422)


def answer(refused: Refused, body: Body = Refused.as_dict, **more: Any) -> JSONResponse:
    """Return the answer to a refused request; `more` is added to rule, value and remedy."""
    headers = {401: {"WWW-Authenticate": "token"}, 503: {"Retry-After": "2"}}.get(refused.status)
    return JSONResponse({**body(refused), **more}, refused.status, headers)


def answer_refusals(app: FastAPI, body: Body = Refused.as_dict) -> None:
    """Make an application answer Refused and the framework's own errors in this form."""

    @app.exception_handler(Refused)
    async def on_refused(request: Request, error: Refused) -> JSONResponse:
        return answer(error, body)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        return answer(of_http(request, error), body)

    @app.exception_handler(RequestValidationError)
    async def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer(of_invalid(error), body)
