"""The judge's worker in a container: without it grading refuses, and nothing outside can be reached from inside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tito.checks import handles
from tito.checks.link import Budget, Link, WorkerFault
from tito.curriculum import load_curriculum
from tito.judge.sandbox import find, limits
from tito.judge.sandbox.container import IMAGE_NAME, LABEL, Container
from tito.judge.sandbox.content import Predecessors
from tito.judge.sandbox.limits import SandboxLimits, SandboxUnavailable
from tito.judge.submission import judge_submission
from tito.source.release import release_notebook, staff_notebook

from tests.docker.place import docker
from tests.e2e.hub import CHECKOUT
from tests.grading import greedy
from tests.grading.crowd import FAULTY, PER_PROCESSOR, TIGHT, call, prepared

pytestmark = [pytest.mark.docker, pytest.mark.security, pytest.mark.timeout(900)]
LOOK = """
import os, socket
def files(path): return sorted(os.listdir(path))
def write(path): open(path, "w").write("x"); return True
def me(): return os.getuid(), os.getgid(), os.getgroups(), dict(os.environ)
def status(): return [l for l in open("/proc/self/status") if l.startswith(("Cap", "NoNewPrivs", "Seccomp:"))]
def links(): return sorted(l.split(":")[0].strip() for l in open("/proc/net/dev") if ":" in l)
def fork(): return os.fork()
def connect(): socket.create_connection(("127.0.0.1", 80), 1)
def hog(): return len(bytearray(2**32))
def fill(): return open("/tmp/filler", "wb").write(bytes(2**27))
def hang():
    while True: pass
def found(name):
    import importlib.util
    try: return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError: return False
"""


@pytest.fixture
def predecessors() -> Predecessors:
    return Predecessors((("pairs.py", "def pair_sum(a, b):\n    return a + b\n"),))


@pytest.fixture
def box(images: dict[str, str]) -> Container:
    return Container(images["worker"])


def inside(box: Container, predecessors: Predecessors, seconds: float = 20) -> Link:
    """Start a worker in a container, with functions to look around."""
    prepare = lambda link: link.request("cell", "look", LOOK, "")  # noqa: E731
    return Link(lambda: box.start(predecessors), prepare, Budget(request_seconds=seconds))


def ask(link: Link, name: str, *arguments):
    return link.request("names", [name])[name](*arguments)


def running() -> list[str]:
    return docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}").split()


def left_since(before: list[str], seconds: float = 20.0) -> set[str]:
    """Name new containers that still exist; wait a while, because the engine may be removing one."""
    deadline = time.monotonic() + seconds
    while (left := set(running()) - set(before)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


def test_the_world_inside_is_small_and_has_no_network(box: Container, predecessors: Predecessors):
    with inside(box, predecessors) as link:
        assert ask(link, "links") == ["lo"]
        with pytest.raises(OSError):
            ask(link, "connect")
        assert ask(link, "files", "/tmp") == []
        assert {name for name in ask(link, "files", "/proc") if name.isdigit()} <= {"1", "2", "3"}
        user, group, groups, environment = ask(link, "me")
        assert user >= limits.FIRST_USER and group == user and groups in ([], [user])
        assert set(environment) <= {"HOSTNAME", "PWD", "LC_CTYPE", *limits.worker_variables()}
        assert "docker.sock" not in ask(link, "files", "/run")
        assert ask(link, "found", "tinytorch.core.pairs") is True
        for name in ("tinytorch.core.tensor", "tito.judge", "tito.staff", "tito.checks", "nbgrader", "torch"):
            assert ask(link, "found", name) is False, name


def test_the_worker_has_no_rights_and_cannot_fork(box: Container, predecessors: Predecessors):
    with inside(box, predecessors) as link:
        status = dict(line.split(":") for line in ask(link, "status"))
        assert {int(value, 16) for name, value in status.items() if name.startswith("Cap")} == {0}
        assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
        with pytest.raises(OSError):
            ask(link, "fork")


@pytest.mark.parametrize("path", ["/usr/x", "/env/x", "/predecessors/core/x", "/dev/x", "/x", "/run/x", "/var/tmp/x"])
def test_only_tmp_can_be_written_and_not_without_end(box: Container, predecessors: Predecessors, path: str):
    with inside(box, predecessors) as link:
        assert ask(link, "write", "/tmp/x") is True
        with pytest.raises(OSError):
            ask(link, "write", path)
        with pytest.raises(OSError):
            ask(link, "fill")


def test_a_hog_and_a_hang_end_and_leave_no_container(box: Container, predecessors: Predecessors):
    before = running()
    with inside(box, predecessors, seconds=3) as link:
        with pytest.raises((MemoryError, WorkerFault)):
            ask(link, "hog")
        with pytest.raises(WorkerFault):
            ask(link, "hang")
    assert left_since(before) == set()


def test_nothing_persists_to_the_next_submission(box: Container, predecessors: Predecessors):
    for _ in range(2):
        with inside(box, predecessors) as link:
            assert ask(link, "files", "/tmp") == []
            assert ask(link, "write", "/tmp/left behind") is True


def test_the_environment_chooses_it(monkeypatch, images: dict[str, str]):
    monkeypatch.setenv(find.KIND_NAME, "container")
    monkeypatch.setenv(IMAGE_NAME, images["worker"])
    find._found.cache_clear()
    found = find.find_sandbox()
    find._found.cache_clear()
    assert isinstance(found, Container) and found.image == images["worker"]


def test_an_unknown_kind_of_sandbox_is_refused(monkeypatch):
    monkeypatch.setenv(find.KIND_NAME, "none")
    with pytest.raises(SandboxUnavailable, match="bubblewrap, container"):
        find.find_sandbox()


def test_without_an_engine_or_the_image_grading_refuses(monkeypatch, images: dict[str, str], tmp_path: Path):
    with pytest.raises(SandboxUnavailable, match="tito image build"):
        Container("tinytorch-hub/worker:never-built")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    with pytest.raises(SandboxUnavailable, match="start dockerd"):
        Container(images["worker"])


def test_a_dead_judge_leaves_no_container(images: dict[str, str], predecessors: Predecessors):
    """The judge is killed after its worker started; the container ends by itself and is removed."""
    program = (
        "import sys, os, signal\nfrom tito.judge.sandbox.container import Container\n"
        "from tito.judge.sandbox.content import Predecessors\n"
        f"worker = Container({images['worker']!r}).start({predecessors!r})\n"
        "worker.channel.receive()\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    before = running()
    killed = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT)
    assert killed.returncode == -signal.SIGKILL, "no worker started"
    assert left_since(before) == set()


@pytest.mark.parametrize("slug", ["tensor", "layers"])
def test_verdicts_are_those_of_the_other_sandbox(box: Container, tmp_path: Path, slug: str):
    """The reference gets all points, the unchanged release none."""
    curriculum = load_curriculum(CHECKOUT / "course")
    module = curriculum.find_written(slug)
    everything = {exercise.name: float(exercise.points) for exercise in module.exercises}
    for text, wanted in (
        (staff_notebook(module, curriculum), everything),
        (release_notebook(module, curriculum), dict.fromkeys(everything, 0.0)),
    ):
        (tmp_path / f"{slug}.ipynb").write_text(text, encoding="utf-8")
        verdict = judge_submission(tmp_path, slug, course=CHECKOUT / "course", seed=0, sandbox=box)
        assert {exercise.name: exercise.points for exercise in verdict.exercises} == wanted


def test_limits_are_those_that_were_asked_for(images: dict[str, str], predecessors: Predecessors):
    limits = SandboxLimits(address_space_bytes=2**29)
    worker = Container(images["worker"], limits).start(predecessors)
    try:
        worker.channel.receive()
        names = running()
        assert names
        memory = docker("inspect", "--format", "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}", *names)
        assert f"{2**29} {2**29}" in memory
    finally:
        worker.stop()


@contextmanager
def crowd_of_containers(image: str) -> Iterator[None]:
    """Keep all processors busy with containers of equal weight: the engine's group does not compete with others."""
    busy = ("--entrypoint", "/env/bin/python", image, "-S", "-c", "while True: pass")
    begin = ("run", "--detach", "--rm", "--network", "none", "--cpu-shares", "128", *busy)
    neighbours = [docker(*begin).strip() for _ in range(PER_PROCESSOR * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        docker("rm", "--force", *neighbours)


def test_in_a_crowd_honest_code_keeps_its_time_and_faulty_code_ends(
    images: dict[str, str], box: Container, predecessors: Predecessors
):
    with prepared(lambda: box.start(predecessors), TIGHT) as link:
        call(link, "slow")  # the container has started
        with crowd_of_containers(images["worker"]):
            started = time.monotonic()
            assert call(link, "slow") is True
            assert time.monotonic() - started > TIGHT.request_seconds, "the machine was not crowded"
            for name in FAULTY:
                link.begin_check()
                with pytest.raises(WorkerFault) as caught:
                    call(link, name)
                assert caught.value.kind == "timeout", name


def test_values_and_sources_that_cost_the_judge_time_do_not_hold_it_up(box: Container, tmp_path: Path, monkeypatch):
    """The same as under bubblewrap (tests/grading/test_greedy.py); and a judge that was stopped leaves no container."""
    monkeypatch.setattr(handles, "MOST_ITEMS", 2000)
    before = running()
    options = {"course": greedy.COURSE, "seed": 1, "sandbox": box, "budget": greedy.SHORT}
    verdict = judge_submission(greedy.write(tmp_path / "values", greedy.VALUES), greedy.SLUG, **options)
    assert verdict.exercise("double").points == 30
    passed = {check.title for check in verdict.exercise("value").checks if check.passed}
    assert passed == {"a rank", "an error's text"}
    options["budget"] = replace(greedy.SHORT, reading_seconds=0.5)
    busy = {"size": "__import__('threading').Thread(target=lambda: [0 for _ in iter(int, 1)]).start() or 4000"}
    verdict = judge_submission(greedy.write(tmp_path / "busy", busy), greedy.SLUG, **options)
    assert "judging ended there" in verdict.notes[-1].text and verdict.exercise("double").points == 20
    assert left_since(before) == set()
    options["budget"] = greedy.SHORT
    verdict = judge_submission(greedy.write(tmp_path / "next", sources=greedy.SOURCES), greedy.SLUG, **options)
    assert verdict.points == 90
