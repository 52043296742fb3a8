"""Our server's calls to the Hub return what JupyterHub's client returns, and fail where that fails."""

import asyncio
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from jupyterhub import httpclient as stock
from tornado.httpclient import HTTPClientError

import hub_config


class Echo(http.server.BaseHTTPRequestHandler):
    """Answer with the request's own words; the path names the status."""

    def do_GET(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        words = f"{self.command} {self.headers.get('Authorization')} {self.rfile.read(size).decode()} ü"
        self.send_response(int(self.path[1:]))
        self.send_header("X-JupyterHub-Version", "6")
        self.send_header("Content-Length", str(len(words.encode())))
        self.end_headers()
        self.wfile.write(words.encode())

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def ours(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(hub_config.__file__).parent / "server"))
    import hub_requests

    return hub_requests


def outcome(module, url: str, **more) -> object:
    """Return an answer's status, version header and text, or "an error"."""

    async def ask() -> tuple:
        answer = await module.fetch(url, **more)
        said = answer.status, answer.headers.get("X-JupyterHub-Version"), await answer.text()
        if module is stock:
            await stock.JupyterHubHTTPClient.loop_instance().close()
        return said

    try:
        return asyncio.run(ask())
    except (aiohttp.ClientError, HTTPClientError, OSError):
        return "an error"


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (200, {}),
        (200, {"method": "POST", "data": "a=1", "headers": {"Authorization": "token t"}}),
        (201, {"method": "POST", "data": b"a=1"}),
        (403, {"raise_for_status": False}),
        (502, {"raise_for_status": False}),
        (403, {}),
        (502, {}),
    ],
)
def test_it_answers_as_jupyterhub_s(hub, ours, status, more):
    expected = outcome(stock, f"{hub}/{status}", **more)
    assert outcome(ours, f"{hub}/{status}", **more) == expected
    assert (expected == "an error") == (status >= 400 and more.get("raise_for_status", True))


@pytest.mark.parametrize("raises", [True, False])
def test_nobody_there_is_an_error(ours, raises):
    assert outcome(ours, "http://127.0.0.1:9/", raise_for_status=raises) == "an error"
