"""Hubs by a name, each person's server on a domain below it: browsers take *.localhost for this machine, Python not."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

HOST = "hub.localhost"


@contextmanager
def localhost_names() -> Iterator[None]:
    """Let *.localhost be this machine for Python too."""
    ask = socket.getaddrinfo

    def here(host, *args, **more):
        text = host.decode() if isinstance(host, bytes) else host
        return ask("127.0.0.1" if text and text.endswith(".localhost") else host, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", here)
        yield


def server_origin(hub_url: str, name: str) -> str:
    """Return where somebody's server answers: on a domain below the Hub's, where that has a name, else at the Hub."""
    scheme, _, host = hub_url.partition("://")
    return f"{scheme}://{name}.{host}" if host.startswith(HOST) else hub_url
