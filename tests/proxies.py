"""A proxy on loopback that records requests, and an environment that sets it in every spelling of the variables."""

import contextlib
import os
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

SCHEMES = ("http", "https", "all", "ws", "wss")
NAMES = [spelling for word in (*SCHEMES, "no") for spelling in (f"{word}_proxy", f"{word}_proxy".upper())]
# Typical values of NO_PROXY: they exempt none of our addresses, and some clients cannot parse them.
ODD_NO_PROXY = "example.org, ,[::1,*.:99999"
REFUSAL = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy(socketserver.ThreadingTCPServer):
    """Listens and records each request; passes it on only if told to."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, passes_on: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Note)
        self.passes_on = passes_on
        self.seen: list[str] = []

    @property
    def environment(self) -> dict[str, str]:
        """Return variables that set this proxy for every scheme, in upper and lower case."""
        url = f"http://127.0.0.1:{self.server_address[1]}"
        lower = {f"{scheme}_proxy": url for scheme in SCHEMES} | {"no_proxy": ODD_NO_PROXY}
        return lower | {name.upper(): value for name, value in lower.items()}


class _Note(socketserver.BaseRequestHandler):
    server: Proxy

    def handle(self) -> None:
        self.request.settimeout(5)
        with contextlib.suppress(OSError):
            asked = self._whole_request()
            self.server.seen.append(asked.decode("latin-1"))
            self.request.sendall(self._answer(asked) if self.server.passes_on else REFUSAL)

    def _whole_request(self) -> bytes:
        asked = self.request.recv(65536)
        while length := re.search(rb"(?i)content-length: *(\d+)", head := asked.partition(b"\r\n\r\n")[0]):
            if len(asked) >= len(head) + 4 + int(length[1]) or not (more := self.request.recv(65536)):
                break
            asked += more
        return asked

    @staticmethod
    def _answer(asked: bytes) -> bytes:
        """Ask the server that the request's address names."""
        method, url, rest = asked.split(b" ", 2)
        address = urlsplit(url.decode())
        path = url.split(b"/", 3)[3]
        rest = re.sub(rb"(?i)\r\nconnection: [^\r]*", b"", rest).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        with socket.create_connection((address.hostname, address.port or 80), timeout=30) as server:
            server.sendall(b"%b /%b %b" % (method, path, rest))
            return b"".join(iter(lambda: server.recv(65536), b""))


@contextlib.contextmanager
def forwarding_proxy(to: Callable[[str], bool]) -> Iterator[Proxy]:
    """Run a proxy that passes requests on; at the end there must be some, all for addresses that `to` allows."""
    with Proxy(passes_on=True) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield proxy
            asked = [request.split(" ", 2)[1] for request in proxy.seen]
            assert asked, "nothing went through the proxy that the environment names"
            assert [url for url in asked if not to(url)] == []
        finally:
            proxy.shutdown()


@contextlib.contextmanager
def recording_proxy() -> Iterator[Proxy]:
    """Run a proxy for the block; at the end it must have received no request."""
    with Proxy() as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield proxy
            asked = [request.partition("\r\n")[0] for request in proxy.seen]
            assert asked == [], "requests went through the proxy that the environment names"
        finally:
            proxy.shutdown()


@contextlib.contextmanager
def named(proxy: Proxy) -> Iterator[None]:
    """Set the proxy in this process's environment for the block."""
    before = {name: os.environ.get(name) for name in proxy.environment}
    os.environ.update(proxy.environment)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
