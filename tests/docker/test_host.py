"""Scripts on the engine's machine: output and errors come back, nothing is left behind, failures are reported."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_config.checks import NotReady
from hub_config.docker.bridge import with_bridge
from hub_config.docker.firewall import DOORS
from hub_config.docker.host import on_host
from hub_config.docker.walls import put_up
from hub_config.settings import Settings, load_settings
from tests.docker.place import STUDENT, TAG, docker, remove_all

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]


@pytest.fixture
def settings(images, tmp_path: Path) -> Iterator[Settings]:
    name = f"tt-{secrets.token_hex(4)}"
    (tmp_path / "semester.yaml").write_text("course: tiny-2026\nlimits: {home: 64M}\n")
    own = {"PLACE": "docker", "VAR": str(tmp_path / "var"), "SEMESTER": str(tmp_path / "semester.yaml")}
    own |= {"DOCKER__PREFIX": name, "DOCKER__NETWORK": name, "DOCKER__TAG": TAG}
    own |= {"DOCKER__HOMES": str(tmp_path / "homes"), "PORTS": json.dumps(dict.fromkeys(DOORS, 4000))}
    yield with_bridge(load_settings({f"HUB_{key}": value for key, value in own.items()}))
    remove_all(name)


def test_a_script_sees_the_machine_and_gets_its_words(images, tmp_path: Path):
    (tmp_path / "file").write_text("of this machine")
    assert on_host(STUDENT, 'cat "$1"; id -u', f"{tmp_path}/file").split("\n") == ["of this machine0", ""]


def test_an_error_has_the_scripts_words_and_leaves_no_container(images):
    word = secrets.token_hex(8)
    with pytest.raises(NotReady, match="no such thing"):
        on_host(STUDENT, "echo no such thing >&2; exit 3", word)
    with pytest.raises(NotReady, match="failed with exit status 4"):
        on_host(STUDENT, "exit 4", word)
    assert word not in docker("ps", "--all", "--no-trunc", "--format", "{{.Command}}")


def test_the_first_failing_command_ends_a_script(images):
    with pytest.raises(NotReady):
        on_host(STUDENT, "false\ntrue")


def test_walls_that_stand_need_no_words(settings: Settings):
    assert put_up(settings) == []


def test_a_firewall_that_cannot_be_is_told_of_and_the_hub_goes_on(settings: Settings):
    """nft refuses an invalid address, as it would refuse to run on a kernel without support for it."""
    [notice] = put_up(settings.model_copy(update={"inner_host": "nowhere.invalid"}))
    assert notice.startswith("No firewall: servers can reach everything that listens on all addresses here")


def test_no_firewall_is_put_up_where_none_is_wanted(settings: Settings):
    without = settings.docker.model_copy(update={"firewall": False})
    assert put_up(settings.model_copy(update={"docker": without, "inner_host": "nowhere.invalid"})) == []
