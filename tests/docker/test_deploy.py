"""The deployment (Hub with Node proxy, PostgreSQL): a class works on it, down and up, backup and restore."""

import json
import secrets
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.docker.deployed import DeployedHub, deployed_hub
from tests.docker.place import container_of, docker, inspect
from tests.e2e import life
from tests.e2e.browser import chromium, person
from tests.e2e.hub import write_semester
from tests.e2e.names import localhost_names
from tests.formgrader import costly
from tests.security.shell import shell_of

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def hub(images, tmp_path_factory) -> Iterator[DeployedHub]:
    folder = tmp_path_factory.mktemp("deployed")
    semester = write_semester(folder / "semester", "tensor")
    with localhost_names(), deployed_hub(folder / "hub", semester) as hub:
        yield hub


def test_two_students_at_once_a_ta_and_an_instructor(hub: DeployedHub):
    """Two students at the same time take the steps of the local place's test."""
    passwords = hub.passwords()
    submitted, returned = threading.Barrier(3), threading.Event()

    def student(name: str) -> list[str]:
        with chromium() as browser:
            somebody = person(browser, name, hub.url)
            try:
                somebody.log_in(passwords[name])
                life.study(somebody)
                submitted.wait(600)
            except BaseException:
                submitted.abort()
                raise
            assert returned.wait(600)
            life.read_the_feedback(somebody, "tensor", score="98")
            return somebody.dialogs

    with ThreadPoolExecutor(2) as pool:
        days = [pool.submit(student, name) for name in ("ada", "ben")]
        try:
            with chromium() as browser:
                tom, ida = (person(browser, name, hub.url) for name in ("tom", "ida"))
                for somebody in (tom, ida):
                    somebody.log_in(passwords[somebody.name])
                life.apply_the_semester(ida)
                submitted.wait(600)
                life.grade(tom, ida, students=2)
        except threading.BrokenBarrierError:
            pass  # a student's own error gives the reason
        finally:
            submitted.abort()
            returned.set()
        assert [day.result() for day in days] == [[], []]


def test_the_containers_are_no_root_and_read_only(hub: DeployedHub):
    for name in (hub.hub_container, hub.database_container):
        found = inspect(name)
        assert found["HostConfig"]["ReadonlyRootfs"] is True
        assert found["HostConfig"]["CapDrop"] == ["ALL"]
        assert any("no-new-privileges" in option for option in found["HostConfig"]["SecurityOpt"])
        assert docker("exec", name, "id", "-u").strip() != "0"


RENDER = """
import json, sys, time
from tito.rendering import Renderer

renderer = Renderer()
renderer.render("markdown", "*x*")  # loads the libraries


def made(kind, text):
    renderer.start_page()
    began = time.monotonic()
    return renderer.render(kind, text), time.monotonic() - began


for name, (kind, text) in json.load(sys.stdin).items():
    (shown, took), (after, then) = made(kind, text), made("markdown", "It *shares* the buffer.")
    print(json.dumps([name, "Shown as it was written: " in shown, after, took, then]))
"""


def test_what_costs_a_renderer_its_time_holds_nobody_up_in_the_hubs_container(hub: DeployedHub):
    """As in tests/formgrader/test_costly_content.py, the plain text is shown and the next answer is rendered."""
    texts = {name: ("markdown", text) for name, text in costly.ANSWERS.items()}
    texts |= {name: ("code", text) for name, text in costly.CODE.items()}
    command = ["docker", "exec", "--interactive", hub.hub_container, "python", "-c", RENDER]
    said = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, timeout=300, check=True)
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    assert [row[0] for row in rows] == list(texts)
    assert [row[0] for row in rows if row[0] in costly.ANSWERS and not row[1]] == []
    for name, _, after, took, then in rows:
        assert after == "<p>It <em>shares</em> the buffer.</p>\n", name
        assert took < costly.SECONDS and then < costly.SECONDS / 4, name


def test_students_have_no_way_to_the_database(hub: DeployedHub):
    """The database listens on no network, its socket is in no student's container, and another uid is refused."""
    assert docker("exec", hub.database_container, "cat", "/proc/net/tcp", "/proc/net/tcp6").count(":1538") == 0
    ada = shell_of(hub.url, "ada", hub.passwords()["ada"])
    assert "gone" in ada.run("ls /run/postgresql 2>/dev/null || echo gone")
    mounts = [mount["Destination"] for mount in inspect(container_of(hub, "ada"))["Mounts"]]
    assert mounts == ["/home/jovyan"]
    as_hub = ["psql", "--host", "/run/postgresql", "--username", "hub", "hub", "--command", "select 1"]
    assert docker("exec", hub.database_container, "psql", "--host", "/run/postgresql", "--command", "select 1")
    with pytest.raises(AssertionError, match=r"[Pp]eer authentication failed"):
        docker("exec", hub.database_container, *as_hub)


def test_a_new_hub_container_leaves_servers_running(hub: DeployedHub):
    ada = shell_of(hub.url, "ada", hub.passwords()["ada"])
    ada.run("echo still here > /tmp/mark")
    before = inspect(container_of(hub, "ada"))["Id"]
    docker("restart", "--time", "60", hub.hub_container)
    done = hub.deploy("up")
    assert done.returncode == 0, done.stderr
    assert inspect(container_of(hub, "ada"))["Id"] == before
    again = shell_of(hub.url, "ada", hub.passwords()["ada"])
    assert "still here" in again.run("cat /tmp/mark")


def test_down_and_up_and_a_restored_copy(hub: DeployedHub, tmp_path: Path):
    """`down` stops every server; files are still there after `up`, and in a restored copy of the deployment."""
    canary = secrets.token_hex(8)
    shell_of(hub.url, "chen", hub.passwords()["chen"]).run(f"echo {canary} > ~/mine.txt")
    passwords = hub.passwords()
    copied = hub.deploy("backup", str(tmp_path / "copy"))
    assert copied.returncode == 0, copied.stderr
    assert hub.stop() == 0
    assert not docker("ps", "--quiet", "--filter", f"name={hub.name}-").split()

    with deployed_hub(tmp_path / "other", Path(hub.extra["HUB_SEMESTER"]), tmp_path / "copy") as other:
        assert other.passwords() == passwords
        assert canary in shell_of(other.url, "chen", passwords["chen"]).run("cat ~/mine.txt")
        again = other.deploy("restore", str(tmp_path / "copy"))
        assert again.returncode != 0 and "The Hub is running" in again.stderr

    hub.start()
    chen = shell_of(hub.url, "chen", passwords["chen"])
    assert canary in chen.run("cat ~/mine.txt")
