"""With two `make serve` at once, any umask, or a path with spaces and umlauts, one Hub runs; its files are private."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hub_config.checks import NotReady
from hub_config.run.programs import proxy
from hub_config.run.serve import only_one, running
from hub_config.services import SERVICES, command_line
from hub_config.settings import load_settings
from tests.hub_config.test_addresses import settings_for

HOLD = (
    "import sys\nfrom hub_config.run.serve import only_one\nfrom hub_config.settings import load_settings\n"
    "with only_one(load_settings()):\n    print('held', flush=True)\n    sys.stdin.readline()\n"
)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder with a name that must be quoted in shells and addresses."""
    place = tmp_path / "Übung für Anfänger; $(x) & Co"
    place.mkdir()
    return place


def test_the_second_serve_is_told_of_the_first_and_changes_nothing(odd: Path):
    settings = settings_for(odd)
    variables = os.environ | {"HUB_VAR": str(odd), "HUB_SEMESTER": str(settings.semester)}
    first = subprocess.Popen([sys.executable, "-c", HOLD], env=variables, stdin=-1, stdout=-1, text=True)
    assert first.stdout is not None and first.stdout.readline() == "held\n"
    before = (odd / "hub" / "serve.json").read_text()
    with (
        pytest.raises(NotReady, match=rf"is already running at http://127\.0\.0\.1:8000 \(pid {first.pid}\)"),
        only_one(settings),
    ):
        raise AssertionError("two hold one folder")
    assert (odd / "hub" / "serve.json").read_text() == before
    assert running(settings)["pid"] == first.pid
    first.communicate("\n", timeout=60)
    with only_one(settings):
        assert running(settings)["pid"] == os.getpid()


def test_every_program_gets_an_odd_path_as_one_word(odd: Path):
    settings = settings_for(odd)
    for service in SERVICES:
        words = command_line(service, settings)
        assert all("{" not in word for word in words)
        broken = [word for word in words if "Anf" in word and str(odd) not in word]
        assert broken == [], "the path was split"
    assert str(odd) in " ".join(command_line(SERVICES[0], settings))
    assert proxy(settings).log == odd / "log" / "proxy.log"
    again = load_settings({"HUB_VAR": str(odd), "HUB_PORTS": json.dumps(settings.ports)})
    assert again.var == odd


@pytest.mark.parametrize("umask", [0o077, 0o022, 0])
def test_secrets_and_locks_are_private_whatever_the_umask(odd: Path, umask: int):
    from hub_config.secret_files import read_or_create

    before = os.umask(umask)
    try:
        settings = settings_for(odd)
        with only_one(settings):
            read_or_create(settings.secrets, "a-secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE((settings.secrets / "a-secret").stat().st_mode) == 0o600
    assert stat.S_IMODE((odd / "hub").stat().st_mode) & 0o077 == 0
