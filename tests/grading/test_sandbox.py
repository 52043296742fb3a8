"""The sandbox: grading refuses to run without it, submissions leave nothing for the next one, any user can run it."""

import functools
import grp
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tito.checks.link import Budget, Link
from tito.checks.run import JudgingFailed
from tito.judge.sandbox import bubblewrap as module
from tito.judge.sandbox import find
from tito.judge.sandbox.bubblewrap import Bubblewrap
from tito.judge.sandbox.content import Predecessors
from tito.judge.sandbox.limits import SandboxLimits, SandboxUnavailable
from tito.judge.submission import judge_submission
from tito.worker.confine import MACHINES, filter_program

from tests.grading.conftest import CHECKOUT, COURSE

pytestmark = [pytest.mark.service, pytest.mark.security]
GROUP = 1_000_000_054  # a group with no other members
DANGEROUS = [group.gr_gid for group in grp.getgrall() if group.gr_name in ("docker", "disk", "sudo", "adm", "kvm")]
NOBODYS = 65534  # the ID that the kernel shows for a user or group without a mapping in the namespace
LOOK = """
import os
def files(path): return sorted(os.listdir(path))
def read(path): return open(path).read()
def write(path): open(path, "w").write("x"); return True
def writable():
    found = []
    for top, folders, _ in os.walk("/"):
        folders[:] = [] if top in ("/proc", "/usr", "/env") else folders
        try: found.append(write(top + "/x") and top)
        except OSError: pass
    return found
def me(): return os.getuid(), os.getgid(), os.getgroups(), dict(os.environ)
def capabilities(): return [l for l in open("/proc/self/status") if l.startswith(("Cap", "NoNewPrivs", "Seccomp:"))]
def limits(): return open("/proc/self/limits").read()
def found(name):
    import importlib.util
    try: return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError: return False
"""


@pytest.fixture
def predecessors() -> Predecessors:
    return Predecessors((("pairs.py", "def pair_sum(a, b):\n    return a + b\n"),))


def inside(predecessors: Predecessors, environment: Path, **limits) -> Link:
    """A worker in the sandbox, with functions to look around."""
    box = Bubblewrap(environment, SandboxLimits(**limits))
    return Link(
        lambda: box.start(predecessors), lambda link: link.request("cell", "look", LOOK, ""), Budget(request_seconds=5)
    )


def ask(link: Link, name: str, *arguments):
    return link.request("names", [name])[name](*arguments)


def test_the_world_inside_is_small(predecessors: Predecessors, worker_environment: Path):
    with inside(predecessors, worker_environment) as link:
        root = set(ask(link, "files", "/"))
        assert {"env", "predecessors", "proc", "dev", "tmp", "usr"} <= root
        assert not root & {"root", "home", "work", "var", "etc", "opt", "srv", "mnt", "run", "sys", "boot"}
        assert ask(link, "files", "/tmp") == []
        assert {name for name in ask(link, "files", "/proc") if name.isdigit()} <= {"1", "2", "3"}
        _, _, _, environment = ask(link, "me")
        assert "CANARY" not in environment and "JUPYTERHUB_API_TOKEN" not in environment
        assert set(environment) <= {"PATH", "HOME", "LANG", "PWD", "LC_CTYPE", *module.worker_variables()}


def test_the_worker_has_no_rights(predecessors: Predecessors, worker_environment: Path):
    with inside(predecessors, worker_environment) as link:
        user, group, groups, _ = ask(link, "me")
        assert user != 0 and group != 0
        # In an ordinary user's namespace the kernel keeps their groups; it shows all but the mapped one as nobody's.
        assert groups == [] if os.geteuid() == 0 else set(groups) <= {group, NOBODYS}
        status = dict(line.split(":") for line in ask(link, "capabilities"))
        assert all(
            int(value, 16) == 0 for name, value in status.items() if name in ("CapEff", "CapPrm", "CapInh", "CapAmb")
        )
        assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"


@pytest.mark.parametrize(
    "path", ["/usr/x", "/env/x", "/predecessors/core/x", "/dev/x", "/x", "/proc/sys/kernel/core_pattern"]
)
def test_only_tmp_can_be_written(predecessors: Predecessors, worker_environment: Path, path: str):
    with inside(predecessors, worker_environment) as link:
        assert ask(link, "write", "/tmp/x") is True
        with pytest.raises(OSError):
            ask(link, "write", path)


def test_of_the_folders_that_hold_the_mounts_none_can_be_written(predecessors: Predecessors, worker_environment: Path):
    with inside(predecessors, worker_environment) as link:
        assert ask(link, "writable") == ["/tmp"]


def test_the_first_process_names_no_folder_of_this_machine(predecessors: Predecessors, worker_environment: Path):
    with inside(predecessors, worker_environment) as link:
        commands = ask(link, "read", "/proc/1/cmdline").split("\0")
        assert commands[0].endswith("bwrap") and "/env/bin/python" in commands
        for hidden in (str(worker_environment), str(predecessors.folder()), "--ro-bind"):
            assert hidden not in " ".join(commands)


HOLDERS = {
    "memfd_create": "os.memfd_create('x')",
    "memfd_secret": "libc.syscall({number}, 0)",
    "mq_open": "libc.syscall({number}, b'x', os.O_CREAT | os.O_RDWR, 0o600, None)",
    "shmget": "libc.syscall({number}, 0, 2**20, 0o1600)",
    "inotify_init1": "libc.syscall({number}, 0)",
    "landlock_create_ruleset": "libc.syscall({number}, ctypes.c_char_p(bytes(16)), 8, 0)",
}


@pytest.mark.parametrize("name", HOLDERS)
def test_memory_outside_the_address_space_is_refused(name: str):
    """No resource limit of a process counts this memory: sixty in-memory files of 31 MB escape LIMITS.md's bounds."""
    call = HOLDERS[name].format(number=MACHINES[os.uname().machine][1][name])
    program = (
        "import ctypes, errno, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "from tito.worker.confine import forbid_processes\nforbid_processes()\n"
        f"try:\n    said = {call}\n    print(errno.errorcode.get(ctypes.get_errno(), said) if said == -1 else said)\n"
        "except OSError as error:\n    print(errno.errorcode[error.errno])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "EPERM"


def test_modules_that_may_and_may_not_be_found(predecessors: Predecessors, worker_environment: Path):
    with inside(predecessors, worker_environment) as link:
        assert ask(link, "found", "tinytorch.core.pairs") is True
        for name in (
            "tinytorch.core.boxes",
            "tinytorch.core.tensor",
            "torch",
            "tito.judge",
            "tito.grading",
            "tito.staff",
            "nbgrader",
        ):
            assert ask(link, "found", name) is False, name


def test_limits_hold(predecessors: Predecessors, worker_environment: Path):
    with inside(predecessors, worker_environment, cpu_seconds=7, address_space_bytes=2**30, file_bytes=4096) as link:
        text = ask(link, "limits")
        for word in (
            "Max cpu time              7 ",
            f"Max address space         {2**30} ",
            "Max file size             4096 ",
        ):
            assert word in text


def test_nothing_persists_to_the_next_submission(predecessors: Predecessors, worker_environment: Path):
    for _ in range(2):
        with inside(predecessors, worker_environment) as link:
            assert ask(link, "files", "/tmp") == []
            assert ask(link, "write", "/tmp/left behind") is True


def test_without_bubblewrap_grading_refuses(monkeypatch, worker_environment: Path, tmp_path: Path, release: str):
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    with pytest.raises(SandboxUnavailable, match="apt-get install bubblewrap"):
        Bubblewrap(worker_environment)
    find._found.cache_clear()
    (tmp_path / "boxes.ipynb").write_text(release)
    with pytest.raises(SandboxUnavailable):
        judge_submission(tmp_path, "boxes", course=COURSE, seed=1)


def test_where_no_namespaces_can_be_had_grading_refuses(monkeypatch, worker_environment: Path, tmp_path: Path):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(module.shutil, "which", lambda name: str(broken))
    with pytest.raises(SandboxUnavailable, match="No permissions"):
        Bubblewrap(worker_environment)


def test_a_worker_that_does_not_start_is_nobodys_fault(
    monkeypatch, worker_environment: Path, tmp_path: Path, release: str
):
    box = Bubblewrap(worker_environment)
    monkeypatch.setattr(box, "_worker", lambda: ["/usr/bin/python3", "-c", "raise SystemExit('no disk')"])
    (tmp_path / "boxes.ipynb").write_text(release)
    with pytest.raises(JudgingFailed, match="no disk; nothing was judged, so nobody lost a point"):
        judge_submission(tmp_path, "boxes", course=COURSE, seed=1, sandbox=box)


def test_without_the_workers_environment_grading_refuses(tmp_path: Path):
    with pytest.raises(SandboxUnavailable, match="tito package environments worker"):
        Bubblewrap(tmp_path / "nowhere")


@pytest.fixture(scope="module")
def graded_by_an_ordinary_user(worker_environment: Path, release: str):
    """Copy what an ordinary user needs to a place they can read; yield a function that runs the judge as that user."""
    # Not below pytest's own folder, which each pytest that starts closes to others again.
    with tempfile.TemporaryDirectory(prefix="ordinary-") as folder:
        yield _for_an_ordinary_user(Path(folder), worker_environment, release)


def _for_an_ordinary_user(place: Path, worker_environment: Path, release: str):
    (place / "submission").mkdir()
    (place / "submission" / "boxes.ipynb").write_text(release)
    for name in ("course", "tinytorch", "exchange"):
        shutil.copytree(CHECKOUT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(COURSE, place / "judged")
    # The worker environment's unprivileged Python, with the grader's code and the few packages it needs on its path.
    packages = Path(sys.prefix) / "lib" / f"python3.{sys.version_info[1]}" / "site-packages"
    for name in ("yaml", "_yaml", "click"):
        if (packages / name).exists():
            shutil.copytree(packages / name, place / "needs" / name, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["chmod", "-R", "a+rX", str(place)], check=True)
    program = (
        "from pathlib import Path; from tito.judge.submission import judge_submission; import os; "
        f"course = Path({str(place / 'judged')!r}); "
        f"v = judge_submission(Path({str(place / 'submission')!r}), 'boxes', course=course, seed=1); "
        "print(os.getuid(), v.points, v.max_points, v.exercises[0].checks[0].kind)"
    )
    return functools.partial(
        subprocess.run,
        [str(worker_environment / "bin" / "python"), "-P", "-s", "-c", program],
        user=65534,
        group=65534,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{place}:{place / 'course'}:{place / 'needs'}",
            "TITO_WORKER_ENVIRONMENT": str(worker_environment),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd="/tmp",
        capture_output=True,
        text=True,
    )


@pytest.mark.tmpfs
def test_an_ordinary_user_can_grade_too_whatever_their_groups(graded_by_an_ordinary_user):
    done = graded_by_an_ordinary_user(extra_groups=[GROUP, *DANGEROUS])
    assert done.stdout == "65534 0 90.0 not solved\n", done.stderr


@pytest.mark.tmpfs
def test_a_group_that_opens_something_inside_is_refused(graded_by_an_ordinary_user, worker_environment: Path):
    door = worker_environment / "for the group"
    door.touch(mode=0o640)
    try:
        os.chown(door, 0, GROUP)
        done = graded_by_an_ordinary_user(extra_groups=[GROUP])
    finally:
        door.unlink()
    assert done.returncode != 0
    assert f"{door} is closed to others but open to a group of this user" in done.stderr
    assert f"sudo chmod g-rwx {door}" in done.stderr


DOORS = {  # contents of a folder: how to make it, mode, owner, and whether it opens a door to the group
    "a file": (Path.touch, 0o640, 0, True),
    "a folder to list": (Path.mkdir, 0o755 - 0o004, 0, True),
    "a folder to enter": (Path.mkdir, 0o755 - 0o001, 0, True),
    "a socket": (lambda path: os.mknod(path, stat.S_IFSOCK), 0o664, 0, True),
    "a pipe": (os.mkfifo, 0o664, 0, True),
    "everybody's file": (Path.touch, 0o664, 0, False),
    "everybody's folder": (Path.mkdir, 0o775, 0, False),
    "nobody's file": (Path.touch, 0o600, 0, False),
    "a program of the group that everybody reads": (Path.touch, 0o754, 0, False),
    "the user's own": (Path.touch, 0o640, 65534, False),
}


@pytest.mark.tmpfs
@pytest.mark.parametrize("kind", DOORS)
def test_what_a_group_opens(worker_environment: Path, kind: str):
    make, mode, owner, is_door = DOORS[kind]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        thing = Path(folder) / "thing"
        make(thing)
        os.chown(thing, owner, GROUP)
        thing.chmod(mode)
        spawn = {"user": 65534, "group": 65534, "extra_groups": [GROUP], "cwd": "/"}
        text = (CHECKOUT / "course/tito/judge/sandbox/doors.py").read_text() + f"\nprint(open_door(({folder!r},)))"
        done = subprocess.run(
            [str(worker_environment / "bin" / "python"), "-c", text], capture_output=True, text=True, **spawn
        )
    assert done.stdout == (f"{thing}\n" if is_door else "\n"), done.stderr


def test_the_filter_of_each_machine_is_well_formed():
    for architecture, calls in MACHINES.values():
        program = filter_program(architecture, calls)
        assert len(program) % 8 == 0
        assert len(set(calls.values())) == len(calls)
