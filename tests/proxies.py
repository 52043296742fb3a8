"""A proxy on loopback that keeps what it is asked for, and an environment that names it in every spelling."""

import contextlib
import os
import socketserver
import threading
from collections.abc import Iterator

SCHEMES = ("http", "https", "all", "ws", "wss")
# What people write there: it excuses nothing of ours, and some clients stumble over it.
ODD_NO_PROXY = "example.org, ,[::1,*.:99999"


class Proxy(socketserver.ThreadingTCPServer):
    """Listens, notes the head of each request, and passes nothing on."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Note)
        self.seen: list[str] = []

    @property
    def environment(self) -> dict[str, str]:
        """Name this proxy for every scheme, in upper and lower case."""
        url = f"http://127.0.0.1:{self.server_address[1]}"
        lower = {f"{scheme}_proxy": url for scheme in SCHEMES} | {"no_proxy": ODD_NO_PROXY}
        return lower | {name.upper(): value for name, value in lower.items()}


class _Note(socketserver.BaseRequestHandler):
    server: Proxy

    def handle(self) -> None:
        self.request.settimeout(5)
        with contextlib.suppress(OSError):
            self.server.seen.append(self.request.recv(65536).decode("latin-1"))
            self.request.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@contextlib.contextmanager
def recording_proxy() -> Iterator[Proxy]:
    """Run a proxy for the block; at its end, nobody may have asked it for anything."""
    with Proxy() as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield proxy
            assert proxy.seen == [], "a request went through the proxy that the environment names"
        finally:
            proxy.shutdown()


@contextlib.contextmanager
def named(proxy: Proxy) -> Iterator[None]:
    """Let this process's environment name the proxy for the block."""
    before = {name: os.environ.get(name) for name in proxy.environment}
    os.environ.update(proxy.environment)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
