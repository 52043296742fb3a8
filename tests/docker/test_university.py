"""People with names as universities assign them, in containers: one in every run, all with `E2E_NAMES=all`."""

import pytest

from exchange.protocol.names import in_volume
from tests.docker.place import docker
from tests.e2e import test_university as in_every_place
from tests.e2e.hub import RunningHub
from tests.e2e.test_university import Somebody, university

__all__ = ["university"]
pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(5400)]


def test_each_works_in_a_volume_of_their_own(hub: RunningHub, university: list[Somebody]) -> None:
    """The local place's test passes unchanged; afterwards each person has one volume, named by the rule."""
    in_every_place.test_everybody_hands_in_is_graded_and_stands_in_the_table_as_themselves(hub, university)
    prefix = hub.extra["HUB_DOCKER__PREFIX"]
    volumes = docker("volume", "ls", "--quiet", "--filter", f"name={prefix}-home-").split()
    theirs = {f"{prefix}-home-{in_volume(who.name)}" for who in university}
    assert len(theirs) == len(university)
    assert theirs <= set(volumes)
