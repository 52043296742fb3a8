"""Attackers and victims in a separate real Hub."""

import pytest

from tests.e2e.fixtures import hub, place  # noqa: F401
from tests.e2e.hub import RunningHub
from tests.security.shell import Shell, shell_of


@pytest.fixture(scope="session")
def ada(hub: RunningHub) -> Shell:  # noqa: F811
    """The attacker: a student, inside their own server."""
    return shell_of(hub.url, "ada", hub.passwords()["ada"])


@pytest.fixture(scope="session")
def ben(hub: RunningHub) -> Shell:  # noqa: F811
    """The victim: another student, whose server is running too."""
    return shell_of(hub.url, "ben", hub.passwords()["ben"])


@pytest.fixture(scope="session")
def ida(hub: RunningHub) -> Shell:  # noqa: F811
    """An instructor, inside their own server."""
    return shell_of(hub.url, "ida", hub.passwords()["ida"])
