"""Hubs with a name and a subdomain for each person's server: browsers resolve *.localhost to this machine."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

HOST = "hub.localhost"


@contextmanager
def localhost_names() -> Iterator[None]:
    """Let Python resolve *.localhost to this machine too, as browsers do."""
    ask = socket.getaddrinfo

    def here(host, *args, **more):
        text = host.decode() if isinstance(host, bytes) else host
        return ask("127.0.0.1" if text and text.endswith(".localhost") else host, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", here)
        yield


def server_origin(hub_url: str, name: str) -> str:
    """Return the origin of a person's server: a subdomain of the Hub's if the Hub has a name, else the Hub's."""
    scheme, _, host = hub_url.partition("://")
    return f"{scheme}://{name}.{host}" if host.startswith(HOST) else hub_url
