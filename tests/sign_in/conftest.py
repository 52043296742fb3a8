"""Hubs over https, one at a time, and a machine that resolves their names."""

import ssl

import pytest

from tests.e2e.names import localhost_names
from tests.sign_in.door import Door
from tests.sign_in.secure import given_certificate, reverse_proxy


@pytest.fixture(scope="session")
def names():
    """Let Python resolve the names that browsers resolve."""
    with localhost_names():
        yield


@pytest.fixture(scope="module", params=[given_certificate, reverse_proxy], ids=lambda made: made.__name__)
def https(request, names, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp("https")) as made:
        yield made


@pytest.fixture
def door(https) -> Door:
    return https[0]


@pytest.fixture
def trust(https) -> ssl.SSLContext:
    """Trust only this certificate."""
    return ssl.create_default_context(cafile=str(https[1]))
