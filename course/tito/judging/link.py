"""One judge's connection to one worker: requests, deadlines, and a fresh worker after a hang or a death.

A `WorkerFault` is not an Exception: no `except` of a test cell can take a hang for the error that a check wants to see.
"""

import builtins
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from tito.judging.handles import LostObject
from tito.judging.table import Handles
from tito.worker.channel import Channel
from tito.worker.obey import BUILTIN_ERRORS
from tito.worker.wire import WireError

ERRORS: dict[str, type[Exception]] = {name: getattr(builtins, name) for name in BUILTIN_ERRORS}
Value = TypeVar("Value")
START_SECONDS = 60.0  # a cold disk and a busy machine; a worker is usually there after 0.1 s


@dataclass(frozen=True)
class Budget:
    """How much one submission may take. Times are wall-clock seconds."""

    request_seconds: float = 20.0
    check_seconds: float = 60.0
    total_seconds: float = 300.0
    requests: int = 400_000
    received_bytes: int = 2**30
    restarts: int = 8  # each hang costs request_seconds; whoever hangs more often hangs always


class WorkerFault(BaseException):
    """Student code did not answer. `kind` is "timeout", "died", "protocol", "lost" or "gave up"."""

    def __init__(self, kind: str, why: str):
        super().__init__(why)
        self.kind, self.why = kind, why


class WorkerNotStarted(BaseException):
    """There is no worker, through no fault of the submission: there can be no verdict. No check may take it for one."""


class WorkerProcess(Protocol):
    """A running worker, however it is kept."""

    channel: Channel

    def stop(self) -> str:
        """Kill everything that the worker started; return what it said on standard error before it was ready."""


class Link:
    """Ask a worker; start it when first needed, and again after a fault, with `prepare` bringing it up to date."""

    def __init__(self, launch: Callable[[], WorkerProcess], prepare: Callable[["Link"], None], budget: Budget):
        self._launch, self._prepare, self._budget = launch, prepare, budget
        self._process: WorkerProcess | None = None
        self._requests = self._received = 0
        self._end = self._check_end = time.monotonic() + budget.total_seconds
        self.handles = Handles(self)
        self.starts = 0
        self._broken: WorkerFault | None = None

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def epoch(self) -> int:
        """Which worker this is; a handle of an earlier one is lost."""
        return self.starts

    def ensure(self) -> None:
        """Have a worker that is up to date, or raise the fault that prevents it."""
        while self._process is None:
            self._refuse_if_spent()
            self._start()
            # Bringing a new worker up to date is not the check's time.
            check_end, self._check_end = self._check_end, self._end
            try:
                self._prepare(self)
                self.handles.rebind_names(lambda names: self.ask(dict, "names", names))
            except WorkerFault as fault:
                # Whoever prepares notes which cell it was and leaves it out the next time.
                if fault.kind == "gave up":
                    raise
            finally:
                self._check_end = check_end

    def _refuse_if_spent(self) -> None:
        if self._broken is None and self.starts > self._budget.restarts:
            self._broken = WorkerFault("gave up", f"student code hung or died {self.starts} times")
        if self._broken is None and time.monotonic() > self._end:
            self._broken = WorkerFault("gave up", f"all checks together took over {self._budget.total_seconds:g} s")
        if self._broken:
            raise WorkerFault(self._broken.kind, self._broken.why)

    def request(self, word: str, *arguments: Any) -> Any:
        """Ask the worker; return the value or raise what student code raised, as the built-in class of that name."""
        if self._process is None:
            self.ensure()
        answer = self._exchange([self.handles.released(), word, *arguments])
        if answer[0] == "ok":
            return answer[1]
        if answer[0] == "stop":
            raise StopIteration
        raise _student_error(*answer[1:])

    def ask(self, kind: type[Value], word: str, *arguments: Any) -> Value:
        """Ask what the worker itself answers, not student code; an answer of another kind is no answer."""
        value = self.request(word, *arguments)
        if not isinstance(value, kind):
            raise self._fault("protocol", f"the worker was made to answer {word!r} with something else")
        return value

    def begin_check(self) -> None:
        """Let the time of a check begin."""
        self._check_end = time.monotonic() + self._budget.check_seconds

    def close(self) -> None:
        """Kill the worker and all that it started."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()

    def _start(self) -> None:
        self.starts += 1
        self.handles.forget()
        try:
            process = self._launch()
        except OSError as error:
            raise WorkerNotStarted(f"the worker could not be started: {error}") from error
        try:
            ready = self.handles.read(*process.channel.receive(time.monotonic() + START_SECONDS))
        except (EOFError, TimeoutError, WireError):
            said = process.stop().strip() or "it said nothing"
            raise WorkerNotStarted(f"the worker did not start: {said}") from None
        if ready != ["ready"]:
            process.stop()
            raise WorkerNotStarted("the worker did not start: what answers is something else")
        self._process = process

    def _exchange(self, request: list) -> list:
        assert self._process is not None
        channel = self._process.channel
        try:
            pieces = self.handles.write(request)
        except LostObject as lost:
            raise WorkerFault("lost", str(lost)) from None
        self._requests += 1
        deadline = min(time.monotonic() + self._budget.request_seconds, self._check_end, self._end)
        try:
            before = channel.received_bytes
            channel.send(pieces, deadline)
            answer = self.handles.read(*channel.receive(deadline))
            self._received += channel.received_bytes - before
            _check_form(answer)
        except TimeoutError:
            raise self._fault("timeout", self._why_late(deadline)) from None
        except EOFError:
            raise self._fault("died", "the process that runs the student's code ended") from None
        except WireError as error:
            raise self._fault("protocol", f"what came back is too large or not a value: {error}") from None
        except BaseException:
            self.close()  # an interrupted exchange leaves an answer on the way: this worker can't be asked again
            raise
        if self._requests > self._budget.requests or self._received > self._budget.received_bytes:
            raise self._fault("gave up", "the checks asked for more values than a module ever needs")
        return answer

    def _why_late(self, deadline: float) -> str:
        if deadline == self._end:
            return f"all checks together took over {self._budget.total_seconds:g} seconds"
        if deadline == self._check_end:
            return f"the check took over {self._budget.check_seconds:g} seconds"
        return f"no answer within {self._budget.request_seconds:g} seconds"

    def _fault(self, kind: str, why: str) -> WorkerFault:
        self.close()
        fault = WorkerFault(kind, why)
        if kind == "gave up":
            self._broken = fault
        return fault


def _check_form(answer: Any) -> None:
    if isinstance(answer, list) and answer:
        if answer[0] == "ok" and len(answer) == 2:
            return
        if answer[0] == "stop" and len(answer) == 1:
            return
        if answer[0] == "error" and len(answer) == 5 and all(type(part) is str for part in answer[1:]):
            return
    raise WireError("an answer is ok, stop or error")


def _student_error(kind: str, own_name: str, message: str, place: str) -> Exception:
    """Build the exception; its class is one of a fixed list, its text is bounded and shows no path of ours."""
    error = ERRORS.get(kind, RuntimeError)(_redacted(message))
    error.raised_at = _redacted(place)  # type: ignore[attr-defined]
    return error


def _redacted(text: str, longest: int = 2000) -> str:
    printable = "".join(c if c.isprintable() or c == "\n" else "?" for c in text[:longest])
    return " ".join(os.path.basename(word) if word.count("/") > 2 else word for word in printable.split(" "))  # noqa: PTH119
