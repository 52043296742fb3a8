"""A student takes all the resources they can, and other servers still answer; bench_walls.py measures how fast."""

import pytest

from tests.docker.conftest import HOME_MB
from tests.docker.hogs import HOGS, hog
from tests.docker.kernel import run_in_kernel
from tests.docker.place import container_of
from tests.e2e.hub import RunningHub
from tests.security.shell import Shell, shell_of

pytestmark = [pytest.mark.docker, pytest.mark.security, pytest.mark.timeout(1500)]

BOMB = """
import os, signal, time
children = []
try:
    while len(children) < 1500:
        pid = os.fork()
        if pid == 0:
            time.sleep(120)
            os._exit(0)
        children.append(pid)
except BlockingIOError:
    pass
print("forked", len(children), flush=True)
for child in children:
    os.kill(child, signal.SIGKILL)
"""


def test_a_fork_bomb_ends_at_her_limit_and_the_others_go_on(ada: Shell, ben: Shell):
    forked = int(ada.python(BOMB).split("forked ")[1].split()[0])
    assert 0 < forked < 256
    assert ben.python("print(6 * 7)").split() == ["42"]


def test_a_memory_hog_ends_and_the_others_go_on(ada: Shell, ben: Shell):
    """A program fills memory in bounded steps until the engine refuses; the student's own server keeps running."""
    program = "kept = []\nfor step in range(80):\n    kept.append(b'x' * 2**26)\nprint('got', len(kept) // 16, 'GiB')"
    assert "got 5 GiB" not in ada.python(program, seconds=180)
    assert ben.python("print(6 * 7)").split() == ["42"]
    assert ada.request("GET", "/user/ada/api/status").status_code == 200


def test_a_filled_tmp_ends_at_its_size(ada: Shell, ben: Shell):
    said = ada.run("dd if=/dev/zero of=/tmp/filler bs=1M count=400 2>&1; rm -f /tmp/filler")
    assert "No space left" in said
    assert ben.run("touch /tmp/mine && echo written").split() == ["written"]


def test_a_filled_home_ends_at_her_limit(hub: RunningHub, ada: Shell, ben: Shell):
    """Other students and the Hub can still write; the student can still log in and delete files."""
    said = ada.run(f"dd if=/dev/zero of=filler bs=1M count={HOME_MB + 100} 2>&1; stat -c %s filler")
    try:
        assert "No space left" in said
        assert HOME_MB * 0.8 < int(said.split()[-1]) / 2**20 < HOME_MB
        assert ben.run("dd if=/dev/zero of=mine bs=1M count=20 2>/dev/null; stat -c %s mine; rm mine").split() == [
            str(20 * 2**20)
        ]
        again = shell_of(hub.url, "ada", hub.passwords()["ada"])  # the Hub wrote a token
        assert again.request("GET", "/user/ada/api/status").status_code == 200
    finally:
        assert ada.run("rm filler; echo gone").split() == ["gone"]


@pytest.mark.parametrize("name", HOGS)
def test_the_others_servers_answer_while_she_takes_all(hub: RunningHub, ada: Shell, ben: Shell, name: str):
    with hog(container_of(hub, "ada"), name, 12):
        assert run_in_kernel(ben, "6 * 7") == "42"
        assert ben.run("echo mine > ~/of-ben && cat ~/of-ben").split() == ["mine"]
        assert ben.request("GET", "/user/ben/api/contents").status_code == 200
    assert ada.request("GET", "/user/ada/api/status").status_code == 200
    assert run_in_kernel(ada, "6 * 7") == "42"
