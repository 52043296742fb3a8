"""Ask a service's application in this process, without a server."""

import asyncio
from typing import Any

import httpx


class InProcess:
    """An application that is asked with one token; each answer is complete before the next request."""

    def __init__(self, app: Any):
        self._app = app

    def __enter__(self) -> "InProcess":
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: no resource is held open."""

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            headers = {"Authorization": "token x"}
            async with httpx.AsyncClient(transport=transport, base_url="http://grading", headers=headers) as http:
                return await http.request(method, path, **options)

        return asyncio.run(answer())

    def get(self, path: str) -> httpx.Response:
        return self.ask("GET", path)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("POST", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("PUT", path, **options)

    def delete(self, path: str) -> httpx.Response:
        return self.ask("DELETE", path)
