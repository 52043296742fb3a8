"""Fast workers for our own mutants: one warm process per module, forked for each judging.

A cold worker spends most of its time importing numpy and the predecessors. Here that is done once. These workers have
limits on memory and time but no sandbox: what runs is the course's own code with one mistake.

`python -m tito.staff.auditing.warm`: receive connections on descriptor 0, serve each in a child, answer its process id.
"""

import contextlib
import importlib
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from tito.checks.local import channel_of
from tito.checks.times import Use, use_of_family
from tito.worker.channel import Channel

NUMBER = struct.Struct("<q")
MEMORY_BYTES = 3 * 2**30
CPU_SECONDS = 60


class ForkedWorker:
    """One child of a warm process; a `WorkerProcess` for the judge."""

    def __init__(self, number: int, channel: Channel):
        self.channel = channel
        self._number, self._process = number, os.pidfd_open(number)

    def use(self) -> Use:
        return use_of_family(self._number)

    def stop(self) -> str:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process, signal.SIGKILL)
        os.close(self._process)
        self.channel.close()
        return ""


class WarmProcess:
    """A process that has imported numpy and the predecessors in a folder; `start` forks it."""

    def __init__(self, predecessors: Path):
        self._control, theirs = socket.socketpair()
        environment = {**os.environ, "TINYTORCH_HOME": str(predecessors), "OPENBLAS_NUM_THREADS": "1"}
        environment |= {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-m", "tito.staff.auditing.warm"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=tempfile.gettempdir(),
                env=environment,
                start_new_session=True,
            )

    def start(self) -> ForkedWorker:
        """Fork a worker."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"."], [theirs.fileno()])
        answer = self._control.recv(NUMBER.size, socket.MSG_WAITALL)
        if len(answer) < NUMBER.size:
            raise RuntimeError("the warm process ended: do the predecessors import?")
        return ForkedWorker(NUMBER.unpack(answer)[0], channel_of(ours))

    def close(self) -> None:
        self._control.close()
        self._process.wait()


def main() -> None:
    from tito.worker.__main__ import serve
    from tito.worker.obey import Worker

    control = socket.socket(fileno=os.dup(0))
    _import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are not waited for
    while True:
        message, fds, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        child = os.fork()
        if child == 0:
            control.close()
            _confine()
            serve(Channel(fds[0], fds[0]), Worker("notebook"))
            os._exit(0)
        os.close(fds[0])
        control.sendall(NUMBER.pack(child))


def _import_everything() -> None:
    for name in ("numpy", "tinytorch.testing.fixtures", "tinytorch.core"):
        importlib.import_module(name)
    for path in sorted((Path(os.environ["TINYTORCH_HOME"]) / "core").glob("*.py")):
        if path.stem != "__init__":
            importlib.import_module(f"tinytorch.core.{path.stem}")


def _confine() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


if __name__ == "__main__":
    main()
