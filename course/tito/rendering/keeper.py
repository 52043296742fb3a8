"""The process that runs a rendering process: `python -m tito.rendering.keeper`, with messages on its pipes.

It loads the libraries once and forks the working process. If a piece takes too much CPU time, the kernel kills that
process; if it waits too long, the keeper does; either way a new one is immediately ready for the next piece. The keeper
never reads what it passes on, and it exits when its caller does.
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
    """A forked process that renders one piece after another."""

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
            except Exception as error:  # anything that a library raises at a hostile text
                answer = {"failed": type(error).__name__}
            send(answering, {**answer, "seconds": time.process_time() - before})
    except BaseException:
        os._exit(1)


def _limit_time() -> None:
    """Let the kernel kill this process when the next piece has used its CPU time; nothing in it can prevent that."""
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the caller, and we exit when it does
    from .pieces import warm_up

    warm_up()
    gc.freeze()  # loaded objects are shared with the forked processes
    asked, answering = sys.stdin.fileno(), os.dup(1)
    os.dup2(2, 1)  # a library's output is not a message
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
