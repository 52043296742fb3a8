"""A student's server is confined alike by root's Hub and by an ordinary user's, whatever the user's groups."""

import functools
import grp
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub_config.spawners.sandbox import Sandbox, write_identity

pytestmark = pytest.mark.service

NOBODY, STUDENT = 65534, 300_000
GROUPS = [group.gr_gid for group in grp.getgrall() if group.gr_name in ("docker", "disk", "adm", "sudo", "ssl-cert")]
OWN = r"\( -path /proc -o -path /home/ada -o -path /tmp -o -path '/dev/?*' \)"  # its processes, files and devices


@pytest.fixture
def umask() -> Iterator[None]:
    """Set umask 077: files are readable only by the user who starts the Hub."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture(params=["whoever tests", pytest.param("an ordinary user", marks=pytest.mark.tmpfs)])
def inside(request) -> Iterator[Callable[[str], str]]:
    """A function that runs a shell script in the sandbox of this user's Hub and returns what it prints."""
    ordinary = request.param == "an ordinary user"
    user = NOBODY if ordinary else os.geteuid()
    server = STUDENT if user == 0 else user
    as_user = {"user": user, "group": user, "extra_groups": GROUPS} if ordinary else {}
    with tempfile.TemporaryDirectory() as folder:
        sandbox = sandbox_of_ada(Path(folder), server)
        command = functools.partial(sandbox.command, uid=server if user == 0 else None)
        run = functools.partial(subprocess.run, capture_output=True, text=True, timeout=60, **as_user)
        yield lambda script: run(command(["bash", "-c", script])).stdout


def sandbox_of_ada(folder: Path, uid: int) -> Sandbox:
    """Make a server's files: its own home, and files that everybody can read."""
    for name in ("home/ada", "environment", "configuration", "identity"):
        (folder / name).mkdir(parents=True)
    for made in (folder, *folder.rglob("*")):
        made.chmod(0o755)
    (folder / "environment" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (folder / "environment" / "pyvenv.cfg").chmod(0o644)
    write_identity(folder / "identity", "ada", "/home/ada", uid, uid)
    os.chown(folder / "home" / "ada", uid, uid)
    return Sandbox(
        "ada", folder / "home" / "ada", folder / "environment", folder / "configuration", folder / "identity"
    )


def test_only_the_home_and_scratch_can_be_written(inside):
    assert inside(f"find / {OWN} -prune -o ! -type l -writable -print") == ""
    assert inside("for here in /home/ada /tmp /dev/shm /var/tmp; do touch $here/x && echo $here; done").split() == [
        *("/home/ada", "/tmp", "/dev/shm", "/var/tmp")
    ]


def test_no_group_opens_anything(inside):
    closed = r"\( ! -perm -o=r -readable -o -type d ! -perm -o=x -executable \)"
    assert inside(f"find / {OWN} -prune -o ! -type l ! -user $(id -u) {closed} -print") == ""
    assert inside("test -r /etc/ssl/certs/ca-certificates.crt && ls /etc/ssl").split() == ["certs", "openssl.cnf"]


def test_a_server_knows_whose_it_is_whatever_the_umask(umask, inside):
    assert inside("whoami; id -gn").split() == ["ada", "ada"]


def test_terminals_work(inside):
    assert inside("script -qc 'echo 42' /dev/null").split() == ["42"]
