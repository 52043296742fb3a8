"""A worker's sandbox made with bubblewrap: a read-only system, its own namespaces, limits that it sets itself."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tito.checks.link import START_SECONDS, WorkerProcess
from tito.checks.local import PlainWorker, channel_of
from tito.checks.run import NotJudgedNow
from tito.worker.wire import WireError

from .content import Predecessors
from .doors import open_door, shown_by
from .limits import FIRST_USER, USERS, SandboxLimits, SandboxUnavailable, worker_command, worker_variables

ENVIRONMENT_NAME = "TITO_WORKER_ENVIRONMENT"


class Bubblewrap:
    """Workers in their own namespaces, made with bubblewrap; works as root and as an ordinary user."""

    @staticmethod
    def place() -> Path:
        """Find the worker's environment: named by `TITO_WORKER_ENVIRONMENT`, else the checkout's build/envs/worker."""
        named = os.environ.get(ENVIRONMENT_NAME)
        return Path(named) if named else Path(__file__).resolve().parents[4] / "build" / "envs" / "worker"

    def __init__(self, environment: Path, limits: SandboxLimits | None = None):
        self.environment, self.limits = environment, limits or SandboxLimits()
        self._bwrap = shutil.which("bwrap") or ""
        self._check()

    def start(self, predecessors: Predecessors | None) -> WorkerProcess:
        """Start a worker; no part of it outlives `stop()`, or this process."""
        ours, theirs = socket.socketpair()
        said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        walls = _out_of_sight(self._walls(predecessors)[1:])
        with theirs, os.fdopen(walls):
            process = subprocess.Popen(
                [self._bwrap, "--args", str(walls), "--", *self._worker()],
                stdin=theirs.fileno(),
                stdout=said,
                stderr=said,
                env={},
                pass_fds=[walls],
            )
        return PlainWorker(process, channel_of(ours), said, is_leader=False)

    def clear(self, judge: int) -> None:
        """Do nothing: these workers die with their parent."""

    def _walls(self, predecessors: Predecessors | None) -> list[str]:
        words = [
            self._bwrap,
            *self._namespaces(),
            *("--die-with-parent", "--new-session", "--clearenv"),
            *(word for name, value in worker_variables().items() for word in ("--setenv", name, value)),
            *_system(),
            *("--ro-bind", str(self.environment), "/env"),
            *_interpreter(self.environment),
        ]
        if predecessors is not None:
            words += ["--ro-bind", str(predecessors.folder()), "/predecessors"]
        words += ["--proc", "/proc", "--dev", "/dev", "--perms", "0777", "--size", str(self.limits.tmp_bytes)]
        # What remains writable is /tmp, whose size is bounded.
        return [*words, "--tmpfs", "/tmp", "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]

    def _namespaces(self) -> list[str]:
        if os.geteuid() != 0:
            return ["--unshare-user", "--unshare-all", "--disable-userns"]
        # Root needs no user namespace; the worker itself changes to a user that is only its own, and loses all rights.
        spaces = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
        return [*spaces, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]

    def _worker(self) -> list[str]:
        user = FIRST_USER + secrets.randbelow(USERS) if os.geteuid() == 0 else None
        return worker_command("/env/bin/python", self.limits, user)

    def _check(self) -> None:
        if not self._bwrap:
            raise SandboxUnavailable(
                "student code runs only in a sandbox, and bubblewrap is missing: apt-get install bubblewrap"
            )
        if not (self.environment / "bin" / "python").exists():
            raise SandboxUnavailable(
                f"the worker's environment {self.environment} is missing: run 'tito package environments worker'"
            )
        if door := open_door(shown_by(self._walls(None))):
            raise SandboxUnavailable(
                f"{door} is closed to others but open to a group of this user, and student code would see it with the "
                f"same groups ({', '.join(map(str, os.getgroups()))}): grade as root or as a user who is not in that "
                f"group, or close it: sudo chmod g-rwx {door}"
            )
        worker = self.start(None)
        try:
            worker.channel.receive(time.monotonic() + START_SECONDS)
        except TimeoutError:
            worker.stop()
            raise NotJudgedNow(
                f"the sandbox did not start within {START_SECONDS:g} seconds; nobody lost a point"
            ) from None
        except (EOFError, WireError):
            raise SandboxUnavailable(
                "student code runs only in a sandbox, and bubblewrap can't make one here "
                f"({worker.stop().strip() or 'no reason given'}): allow user namespaces, or if this is a container, "
                "grade on the host"
            ) from None
        worker.stop()


def _out_of_sight(words: list[str]) -> int:
    """Return a descriptor to read arguments from: /proc/1/cmdline would show this machine's folders in the sandbox."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(b"".join(os.fsencode(word) + b"\0" for word in words))  # a few kB, which a pipe can hold
    return reading


def _system() -> list[str]:
    """The system's programs and libraries, read-only; /bin and /lib are links into /usr on a merged system."""
    words = ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/lib", "/lib64", "/sbin"):
        path = Path(name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            words += ["--ro-bind", name, name]
    return words


def _interpreter(environment: Path) -> list[str]:
    """If the environment's Python is outside /usr, show it at its own place."""
    python = (environment / "bin" / "python").resolve()
    prefix = python.parent.parent
    return [] if prefix == Path("/usr") else ["--ro-bind", str(prefix), str(prefix)]
