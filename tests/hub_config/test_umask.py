"""With a checkout made under umask 077, servers and images can read the files they need, or an error says why not."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tito.staff.image import Course, stage

from hub_config.checks import NotReady, check_readable
from hub_config.run.serve import shown_to_servers
from hub_config.settings import CHECKOUT


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def as_root(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def closed(folder: Path) -> list[str]:
    """List the paths that another user can't read."""
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    return [str(path) for path, mode in modes.items() if not mode & 0o004 or (path.is_dir() and not mode & 0o001)]


def test_servers_of_a_checkout_that_is_closed_to_them_are_not_started(umask, as_root, tmp_path):
    made = tmp_path / "my server"
    shutil.copytree(CHECKOUT / "hub_config" / "server", made, copy_function=shutil.copyfile)
    with pytest.raises(NotReady, match=r"which can't read .* \(mode 600; was it made under umask 077") as refused:
        check_readable([made])
    assert str(refused.value).endswith(f"Run: chmod -R go+rX '{made}'")
    for path in (made, *made.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    check_readable([made])


def test_a_closed_roster_among_them_keeps_nobody_from_starting(umask, as_root, tmp_path):
    (tmp_path / "roster.csv").write_text("username\nada\n")
    tmp_path.chmod(0o755)
    check_readable([tmp_path])


def test_an_ordinary_users_servers_are_its_own(umask, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (tmp_path / "launch.py").write_text("")
    check_readable([tmp_path])


def test_what_servers_are_shown_is_looked_at(settings):
    shown = shown_to_servers(settings)
    assert {CHECKOUT / "hub_config" / "server", CHECKOUT / "course", CHECKOUT / "tinytorch"} <= set(shown)
    assert all(path.exists() for path in shown)


@pytest.mark.parametrize("kind", ["staff", "hub", "database"])
def test_an_images_user_can_read_what_is_put_into_it(umask, tmp_path, kind):
    stage(kind, Course(CHECKOUT / "course"), tmp_path)
    assert (tmp_path / f"{kind}.Dockerfile").is_file()
    assert closed(tmp_path) == []
