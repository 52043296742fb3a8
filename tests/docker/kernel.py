"""A kernel of a person's server, used over its web socket as JupyterLab does: run code and time it."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.security.shell import Shell


class Kernel:
    """One kernel with an open connection."""

    def __init__(self, socket: WebSocketClientConnection):
        self.socket = socket

    async def execute(self, code: str) -> tuple[str, float]:
        """Run code; return what it printed or returned, and the seconds until the reply."""
        asked, began, said = uuid.uuid4().hex, time.monotonic(), ""
        header = {"msg_id": asked, "msg_type": "execute_request", "session": "tests", "username": "", "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        await self.socket.write_message(json.dumps(message))
        replied = idle = False
        while not (replied and idle):
            text = await self.socket.read_message()
            assert text is not None, "the kernel's connection ended"
            answer = json.loads(text)
            if answer["parent_header"].get("msg_id") != asked:
                continue
            kind, content = answer["msg_type"], answer["content"]
            if kind in ("stream", "execute_result"):
                said += content.get("text") or content["data"]["text/plain"]
            replied |= kind == "execute_reply"
            idle |= kind == "status" and content["execution_state"] == "idle"
        return said, time.monotonic() - began


@asynccontextmanager
async def kernel_of(shell: Shell) -> AsyncIterator[Kernel]:
    """Start a kernel in a person's server and shut it down afterwards."""
    kernel = shell.request("POST", f"/user/{shell.name}/api/kernels").json()["id"]
    address = f"{shell.hub_url.replace('http', 'ws', 1)}/user/{shell.name}/api/kernels/{kernel}/channels"
    socket = await websocket_connect(HTTPRequest(address, headers={"Authorization": f"token {shell.token}"}))
    try:
        yield Kernel(socket)
    finally:
        socket.close()
        while await socket.read_message() is not None:
            pass  # wait until the connection is closed
        shell.request("DELETE", f"/user/{shell.name}/api/kernels/{kernel}")


def run_in_kernel(shell: Shell, code: str, seconds: float = 60) -> str:
    """Run code in a new kernel of a person's server; return what it printed or returned."""

    async def run() -> str:
        async with kernel_of(shell) as kernel:
            return (await kernel.execute(code))[0]

    return asyncio.run(asyncio.wait_for(run(), seconds))
