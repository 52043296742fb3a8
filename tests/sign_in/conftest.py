"""Hubs over https, one at a time, and a machine that knows their names."""

import socket
import ssl

import pytest

from tests.sign_in.door import Door
from tests.sign_in.secure import given_certificate, reverse_proxy


@pytest.fixture(scope="session")
def names():
    """Let *.localhost be this machine, as in browsers, where no DNS says so."""
    ask = socket.getaddrinfo

    def here(host, *args, **more):
        text = host.decode() if isinstance(host, bytes) else host
        return ask("127.0.0.1" if text and text.endswith(".localhost") else host, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", here)
        yield


@pytest.fixture(scope="session", params=[given_certificate, reverse_proxy], ids=lambda made: made.__name__)
def https(request, names, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp("https")) as made:
        yield made


@pytest.fixture
def door(https) -> Door:
    return https[0]


@pytest.fixture
def trust(https) -> ssl.SSLContext:
    """Trust this certificate and no other."""
    return ssl.create_default_context(cafile=str(https[1]))
