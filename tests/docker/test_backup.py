"""A backup of a running Hub in the docker place is restored next to it: state, databases and home volumes."""

import json
import secrets
import sqlite3
from pathlib import Path

import pytest

from tests.docker.place import TAG, docker, remove_all
from tests.e2e.hub import RunningHub
from tests.security.shell import shell_of

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]


def test_homes_and_databases_come_back(hub: RunningHub, tmp_path: Path):
    canary = secrets.token_hex(8)
    ada = shell_of(hub.url, "ada", hub.passwords()["ada"])
    ada.run(f"mkdir -p ~/notes && echo {canary} > ~/notes/mine.txt && chmod 640 ~/notes/mine.txt")
    copied = hub.command("backup", str(tmp_path / "copy"))
    assert copied.returncode == 0, copied.stderr
    assert "ada" in json.loads((tmp_path / "copy" / "backup.json").read_text())["homes"]

    name = f"tt-{secrets.token_hex(4)}"
    extra = hub.extra | {"HUB_DOCKER__PREFIX": name, "HUB_DOCKER__TAG": TAG}
    other = RunningHub("docker", tmp_path / "restored", port=hub.port, extra=extra)
    try:
        done = other.command("restore", str(tmp_path / "copy"))
        assert done.returncode == 0, done.stderr
        seen = docker("run", "--rm", "--volume", f"{name}-home-ada:/home/jovyan", f"tinytorch-hub/student:{TAG}",
                      "sh", "-c", "cat notes/mine.txt; stat -c '%a %U' notes/mine.txt")  # fmt: skip
        assert seen.split() == [canary, "640", "jovyan"]
        database = sqlite3.connect(other.var / "hub" / "jupyterhub.sqlite")
        try:
            names = {row[0] for row in database.execute("select name from users")}
        finally:
            database.close()
        assert {"ada", "ben", "chen", "tom", "ida"} <= names
        assert other.passwords() == hub.passwords()
        again = other.command("restore", str(tmp_path / "copy"))
        assert again.returncode != 0 and "not empty" in again.stderr
    finally:
        remove_all(name)
