"""HTTP clients that go straight to the service that they name, whatever proxies the environment names.

Such a proxy would be shown tokens, and it can't reach a service on loopback or on a Hub's bridge. Everything of the
course that asks a service of ours asks through one of these; packages and data sets are somebody else's, and are not.
"""

import ssl
import sys
from importlib.util import find_spec
from typing import Any

import httpx

from exchange.protocol.request_id import passed_on

# httpcore asks for sniffio at each lock of each request. Where it is not installed, Python searched all its folders
# each time, which took a fifth of a service's event loop; so it is told once that there is none.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]


def direct_client(url: str, **options: Any) -> httpx.Client:
    """Return a client for the service at `url`; `options` are httpx's own."""
    return httpx.Client(trust_env=False, verify=certificates_for(url), event_hooks={"request": [_number]}, **options)


def direct_async_client(url: str, **options: Any) -> httpx.AsyncClient:
    """Return the same for a program with an event loop."""
    hooks = {"request": [_number_soon]}
    return httpx.AsyncClient(trust_env=False, verify=certificates_for(url), event_hooks=hooks, **options)


def _number(request: httpx.Request) -> None:
    """Tell whom we ask the number of the request that we answer."""
    request.headers.update(passed_on())


async def _number_soon(request: httpx.Request) -> None:
    _number(request)


def certificates_for(url: str) -> ssl.SSLContext | bool:
    """Return whom to believe: SSL_CERT_FILE, which `trust_env` would read, may name a university's own authority."""
    # Without TLS there is nothing to verify, and reading the certificates takes longer than a request.
    return httpx.create_ssl_context() if url.startswith("https:") else False
