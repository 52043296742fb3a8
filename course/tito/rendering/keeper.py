"""The process that keeps a rendering process: `python -m tito.rendering.keeper`, with messages on its pipes.

It loads the libraries once and forks the process that works. A piece that takes more CPU time than it may ends that
process, by the kernel's hand; one that waits too long is killed from here; either way the next piece has a new one at
once. It never reads what it passes on, and it ends when its caller does.
"""

import contextlib
import gc
import math
import os
import resource
import signal
import sys
import time
from typing import Any

from .bounds import CPU_SECONDS, ENDED_SECONDS, WALL_SECONDS
from .frames import Silent, receive, send

MOST_MEMORY = 2**30  # bytes more than the libraries have taken


class Worker:
    """A forked process that renders one piece after the other."""

    def __init__(self) -> None:
        asked, self.ask = os.pipe()
        self.answer, answering = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            for descriptor in (self.ask, self.answer, 0):
                os.close(descriptor)
            _work(asked, answering)
        for descriptor in (asked, answering):
            os.close(descriptor)

    def render(self, request: Any) -> dict[str, Any]:
        send(self.ask, request)
        return receive(self.answer, time.monotonic() + WALL_SECONDS)

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        for descriptor in (self.ask, self.answer):
            os.close(descriptor)


def _work(asked: int, answering: int) -> None:
    """Render until the keeper is gone; never return."""
    try:
        from .pieces import make_piece

        _limit_memory()
        while True:
            request = receive(asked)
            _limit_time()
            before = time.process_time()
            try:
                answer = {"html": make_piece(request["kind"], request["text"])}
            except Exception as error:  # whatever a library makes of a hostile text
                answer = {"failed": type(error).__name__}
            send(answering, {**answer, "seconds": time.process_time() - before})
    except BaseException:
        os._exit(1)


def _limit_time() -> None:
    """Let the kernel end this process when the next piece has had its CPU time; nothing in it can miss that."""
    resource.setrlimit(
        resource.RLIMIT_CPU, (math.ceil(time.process_time()) + CPU_SECONDS, resource.getrlimit(resource.RLIMIT_CPU)[1])
    )


def _limit_memory() -> None:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        present = int(file.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = present + MOST_MEMORY if hard == resource.RLIM_INFINITY else min(present + MOST_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the caller, and its end is ours
    from .pieces import warm_up

    warm_up()
    gc.freeze()  # what is loaded is shared with the forked processes
    asked, answering = sys.stdin.fileno(), os.dup(1)
    os.dup2(2, 1)  # what a library prints is no message
    worker = Worker()
    send(answering, {"ready": True})
    while True:
        try:
            request = receive(asked)
        except Silent:
            break
        try:
            answer = worker.render(request)
        except Silent:
            worker.end()
            worker, answer = Worker(), {"ended": True, "seconds": ENDED_SECONDS}
        send(answering, answer)
    worker.end()


if __name__ == "__main__":
    main()
