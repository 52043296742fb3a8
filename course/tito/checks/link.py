"""One judge's connection to one worker: requests, deadlines, and a fresh worker after it hangs or dies.

A `WorkerFault` is not an Exception, so no `except` in a test cell can mistake a hang for the error that it expects.
"""

import builtins
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, TypeVar

from tito.checks.handles import LostObject
from tito.checks.table import Handles
from tito.checks.times import MachineBusy, TimeLimits, Times, Use
from tito.worker.channel import Channel
from tito.worker.obey import BUILTIN_ERRORS
from tito.worker.wire import WireError

ERRORS: dict[str, type[Exception]] = {name: getattr(builtins, name) for name in BUILTIN_ERRORS}
Value = TypeVar("Value")
START_SECONDS = 60.0  # a cold disk and a busy machine; a worker is usually there after 0.1 s


@dataclass(frozen=True)
class Budget:
    """How much one submission may use. Time spent waiting for a processor does not count."""

    request_seconds: float = 20.0
    check_seconds: float = 60.0
    total_seconds: float = 300.0
    wall_seconds: float = 1200.0  # beyond this there is no verdict but another try: only a crowded machine gets there
    reading_seconds: float = 10.0  # of the judge's own processor time, for one check or one cell
    requests: int = 400_000
    received_bytes: int = 2**30
    restarts: int = 8  # each hang costs request_seconds; code that hangs more often always hangs

    def limits(self) -> TimeLimits:
        return TimeLimits(
            self.request_seconds, self.check_seconds, self.total_seconds, self.wall_seconds, self.reading_seconds
        )


class WorkerFault(BaseException):
    """Student code did not answer. `kind` is "timeout", "died", "protocol", "lost", "too much" or "gave up"."""

    def __init__(self, kind: str, why: str):
        super().__init__(why)
        self.kind, self.why = kind, why


class WorkerNotStarted(BaseException):
    """There is no worker, through no fault of the submission, so there can be no verdict. No check may catch this."""


class WorkerProcess(Protocol):
    """A running worker, in any kind of sandbox."""

    channel: Channel

    def stop(self) -> str:
        """Kill everything that the worker started; return what it wrote to standard error before it was ready."""

    def use(self) -> Use:
        """Measure how much processor time it used and waited for, without relying on anything the worker says."""


class Link:
    """Ask a worker; start it when first needed, and again after a fault; `prepare` brings it up to date."""

    def __init__(
        self,
        launch: Callable[[], WorkerProcess],
        prepare: Callable[["Link"], None],
        budget: Budget,
        times: Times | None = None,
    ):
        self._launch, self._prepare, self._budget = launch, prepare, budget
        self._process: WorkerProcess | None = None
        self._requests = self._received = 0
        self._times = times or Times(budget.limits())
        self.handles = Handles(self)
        self.starts = 0
        self._broken: WorkerFault | None = None

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def epoch(self) -> int:
        """The number of this worker; an earlier worker's handles are lost."""
        return self.starts

    def ensure(self) -> None:
        """Make sure that there is an up-to-date worker, or raise the fault that prevents it."""
        while self._process is None:
            self._refuse_if_spent()
            self._start()
            try:
                with self._times.preparing():
                    self._prepare(self)
                    self.handles.rebind_names(lambda names: self.ask(dict, "names", names))
            except WorkerFault as fault:
                # `prepare` notes which cell it was and leaves it out the next time.
                self.close()
                if fault.kind == "gave up":
                    raise

    def _refuse_if_spent(self) -> None:
        if self._broken is None and self.starts > self._budget.restarts:
            self._broken = WorkerFault("gave up", f"student code hung or died {self.starts} times")
        if self._broken is None and self._times.are_over:
            self._broken = WorkerFault("gave up", f"all checks together took over {self._budget.total_seconds:g} s")
        if self._broken:
            raise WorkerFault(self._broken.kind, self._broken.why)

    def request(self, word: str, *arguments: Any) -> Any:
        """Ask the worker; return the value or raise what student code raised, as the built-in class of that name."""
        if self._times.reading_is_over:
            self.refuse(f"its values could not be read within {self._budget.reading_seconds:g} seconds")
        if self._process is None:
            self.ensure()
        answer = self._exchange([self.handles.released(), word, *arguments])
        if answer[0] == "ok":
            return answer[1]
        if answer[0] == "stop":
            raise StopIteration
        raise _student_error(*answer[1:])

    def ask(self, kind: type[Value], word: str, *arguments: Any) -> Value:
        """Ask for something that the worker itself answers, not student code; an answer of another type is a fault."""
        value = self.request(word, *arguments)
        if not isinstance(value, kind):
            raise self._fault("protocol", f"the worker was made to answer {word!r} with something else")
        return value

    def waited(self) -> float:
        """Return how long the worker has waited for a processor, in seconds; 0 if there is no worker."""
        return self._process.use().waited if self._process else 0.0

    def begin_cell(self) -> None:
        """End the last check's time."""
        self._times.begin_cell()

    def begin_check(self) -> None:
        """Start a check's time."""
        self._times.begin_check()

    def refuse(self, why: str) -> NoReturn:
        """End a check that asked for something unbounded; the worker stays."""
        raise WorkerFault("too much", why)

    def close(self) -> None:
        """Kill the worker and all that it started."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()

    def _start(self) -> None:
        self.starts += 1
        self.handles.forget()
        began = time.monotonic()
        try:
            process = self._launch()
        except OSError as error:
            raise WorkerNotStarted(f"the worker could not be started: {error}") from error
        try:
            ready = self.handles.read(*process.channel.receive(time.monotonic() + START_SECONDS))
        except TimeoutError:
            process.stop()
            raise MachineBusy(f"a worker did not start within {START_SECONDS:g} seconds") from None
        except (EOFError, WireError):
            said = process.stop().strip() or "it said nothing"
            raise WorkerNotStarted(f"the worker did not start: {said}") from None
        if ready != ["ready"]:
            process.stop()
            raise WorkerNotStarted("the worker did not start: something else answered")
        self._process = process
        self._times.worker_started(process.use, time.monotonic() - began)

    def _exchange(self, request: list) -> list:
        assert self._process is not None
        channel = self._process.channel
        try:
            pieces = self.handles.write(request)
        except LostObject as lost:
            raise WorkerFault("lost", str(lost)) from None
        self._requests += 1
        deadline, later = self._times.begin_request(), self._times.later_deadline
        try:
            before = channel.received_bytes
            channel.send(pieces, deadline, later)
            answer = self.handles.read(*channel.receive(deadline, later))
            self._received += channel.received_bytes - before
            _check_form(answer)
        except TimeoutError:
            raise self._fault("timeout", self._times.why_late()) from None
        except EOFError:
            raise self._fault("died", "the process that runs the student's code ended") from None
        except WireError as error:
            raise self._fault("protocol", f"the answer is too large or not a value: {error}") from None
        except BaseException:
            self.close()  # an interrupted exchange leaves an answer pending: this worker can't be asked again
            raise
        if self._requests > self._budget.requests or self._received > self._budget.received_bytes:
            raise self._fault("gave up", "the checks asked for more values than any module needs")
        return answer

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
    raise WireError("an answer must be ok, stop or error")


def _student_error(kind: str, own_name: str, message: str, place: str) -> Exception:
    """Build the exception; its class is from a fixed list, its text is bounded and shows none of our paths."""
    error = ERRORS.get(kind, RuntimeError)(_redacted(message))
    error.raised_at = _redacted(place)  # type: ignore[attr-defined]
    return error


def _redacted(text: str, longest: int = 2000) -> str:
    printable = "".join(c if c.isprintable() or c == "\n" else "?" for c in text[:longest])
    return " ".join(os.path.basename(word) if word.count("/") > 2 else word for word in printable.split(" "))  # noqa: PTH119
