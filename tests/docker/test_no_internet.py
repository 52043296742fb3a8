"""With HUB_DOCKER__INTERNET=false servers reach only Hub and services, and a student can work as usual."""

import json
from collections.abc import Iterator

import pytest

from tests.docker.outside import outside, reach_program, reached
from tests.docker.place import STUDENT, docker_hub, inspect
from tests.e2e import life
from tests.e2e.browser import chromium, person
from tests.e2e.fixtures import keep_logs
from tests.e2e.hub import RunningHub, write_semester
from tests.security.shell import shell_of

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.security, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def hub(images, tmp_path_factory) -> Iterator[RunningHub]:
    """A Hub whose bridge has no way to the outside."""
    folder = tmp_path_factory.mktemp("no-internet")
    semester = write_semester(folder / "semester", "tensor")
    with docker_hub(folder / "var", semester, HUB_DOCKER__INTERNET="false") as hub:
        try:
            yield hub
        finally:
            keep_logs(hub)


def test_a_student_logs_in_and_has_the_released_notebook(hub: RunningHub):
    """JupyterLab opens, the fetched notebook runs, and its figure is shown."""
    with chromium() as browser:
        ada = person(browser, "ada", hub.url)
        ada.log_in(hub.passwords()["ada"])
        life.first_look(ada)
        life.open_the_notebook(ada)
        life.run_and_see_a_figure(ada)
        assert ada.dialogs == []


def test_a_module_is_submitted_and_judged(hub: RunningHub):
    """The output of `tito submit` and `tito status` inside names the module and contains no traceback."""
    ben = shell_of(hub.url, "ben", hub.passwords()["ben"])
    said = ben.run("cd ~/tensor && tito submit tensor; tito status --json", seconds=120)
    assert "tensor" in said and "Traceback" not in said


def test_no_other_machine_is_reached(hub: RunningHub):
    """The outside machine can't be reached, with or without the firewall; in test_walls.py servers reach it."""
    network = inspect(hub.extra["HUB_DOCKER__NETWORK"])
    assert network["Internal"] is True
    ben = shell_of(hub.url, "ben", hub.passwords()["ben"])
    here = network["IPAM"]["Config"][0]["Gateway"]
    door = (here, json.loads((hub.var / "hub" / "ports.json").read_text())["exchange"])
    with outside(STUDENT) as elsewhere:
        shut = [elsewhere.machine, elsewhere.metadata]
        wanted = {door: "open"} | dict.fromkeys(shut, "shut")
        for firewall in ("down", "up"):
            assert hub.command("firewall", firewall).returncode == 0
            assert reached(ben.python(reach_program(door, *shut))) == wanted


def test_no_name_of_another_machine_is_resolved(hub: RunningHub):
    """Name lookups could leak data, one name at a time."""
    ben = shell_of(hub.url, "ben", hub.passwords()["ben"])
    program = (
        "import socket\ntry:\n    print(socket.gethostbyname('example.org'))\nexcept OSError:\n    print('unknown')"
    )
    assert ben.python(program).split() == ["unknown"]
