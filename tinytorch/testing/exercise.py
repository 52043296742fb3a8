"""Run the named checks of one exercise and print what a student needs to know.

Each check runs where it is written; a failing one costs its own points and never hides the others. `report` prints a
table and raises `ChecksFailed` if any check failed.
"""

import os
import subprocess
import sys
import traceback
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tinytorch import reports, stuck
from tinytorch.testing.compare import Difference
from tinytorch.testing.show import shorten

NOT_SOLVED = "is not solved yet"  # every unsolved exercise raises NotImplementedError with these words
SMALLEST_ID = 2**32  # an id is an address in memory, far above every number that an exercise stores something under


class ChecksFailed(AssertionError):
    """At least one check of an exercise failed."""

    def _render_traceback_(self) -> list[str]:
        """In a notebook: the table above says it all, a traceback through this file would bury it."""
        return [f"ChecksFailed: {self}"]


@dataclass
class Outcome:
    """What one check gave. `kind` is '' when it passed, else one short name of the fault."""

    title: str
    points: float
    hidden: bool = False
    passed: bool = False
    kind: str = ""
    why: str = ""
    called: str = ""
    got: str = ""
    expected: str = ""


@dataclass
class Session:
    """Who runs the checks: a notebook or script (prints), or the judge (collects, with the seed of its run)."""

    seed: int = 0
    prints: bool = True
    tests: list["UnitTest"] = field(default_factory=list)
    # What befell the process that runs student code, such as a hang; has `kind` and `why`, and is no Exception.
    faults: tuple[type[BaseException], ...] = ()
    before_check: Callable[[], None] = lambda: None
    # Run hidden checks alone, visible ones alone, or (None) all of them.
    hidden: bool | None = None


_session = Session()


def use_session(session: Session) -> Session:
    """Make `session` the one that new unit tests belong to, and return the previous one."""
    global _session
    previous, _session = _session, session
    return previous


def unit_test(name: str) -> "UnitTest":
    """Start the test of exercise `name`: add checks with `@test.check(title, points=N)`, end with `test.report()`."""
    return UnitTest(name, _session)


class UnitTest:
    """The named checks of one exercise, and `rng`, a numpy Generator for random inputs."""

    def __init__(self, name: str, session: Session):
        self.name = name
        self.outcomes: list[Outcome] = []
        self.announced: list[tuple[str, float]] = []  # title and points of what is checked on submission
        # The name is part of the seed, so that an exercise draws the same inputs whichever others run before it.
        self.rng = np.random.default_rng([session.seed, zlib.crc32(name.encode())])
        self._session = session
        session.tests.append(self)

    def check(self, title: str, points: float = 0, hidden: bool = False) -> Callable[[Callable[[], None]], None]:
        """Run the decorated function immediately and note whether it passed."""
        if points < 0:
            raise ValueError(f"check {title!r} of {self.name!r}: points must not be negative, got {points}")

        def run(function: Callable[[], None]) -> None:
            if self._session.hidden in (None, hidden):
                self.outcomes.append(_outcome(Outcome(title, points, hidden), function, self._session))

        return run

    def on_submission(self, title: str, points: float) -> None:
        """Say what is checked when the notebook is submitted; releases have this line in place of a hidden check."""
        self.announced.append((title, points))

    def hint(self) -> None:
        """Open the next hint of the exercise, where a student works; `tito hint` knows them."""
        if self._session.prints:
            tito = os.path.join(os.path.dirname(sys.executable), "tito")  # noqa: PTH118, PTH120
            said = subprocess.run([tito, "hint", self.name], capture_output=True, text=True, check=False)
            print((said.stdout or said.stderr).strip())
            stuck.forget_failures(self.name)

    @property
    def points(self) -> float:
        """Points of the checks that passed."""
        return sum(o.points for o in self.outcomes if o.passed)

    @property
    def max_points(self) -> float:
        """Points of all checks."""
        return sum(o.points for o in self.outcomes)

    def report(self) -> None:
        """Print the table; raise ChecksFailed if a check failed or there was none."""
        failed = [o for o in self.outcomes if not o.passed]
        if self._session.prints:
            _note(self, failed)
            print(table(self) if failed or _in_notebook() else _one_line(self), *_announced(self), sep="\n")
            _offer_help(self, failed)
        if not self.outcomes:
            raise ChecksFailed(f"{self.name}: no check ran; a test without checks proves nothing")
        if failed:
            raise ChecksFailed(_summary(self, failed))


def _outcome(outcome: Outcome, function: Callable[[], None], session: Session) -> Outcome:
    try:
        session.before_check()
        function()
    except session.faults as fault:
        outcome.kind, outcome.why = fault.kind, fault.why
    except Difference as difference:
        outcome.kind, outcome.why, outcome.called = difference.kind, shorten(difference.why, 600), difference.called
        outcome.got, outcome.expected = difference.got, difference.expected
    except NotImplementedError as error:
        outcome.kind = "not solved" if NOT_SOLVED in str(error) else "error"
        outcome.why = shorten(f"NotImplementedError: {error}" if outcome.kind == "error" else str(error), 600)
        outcome.called = "" if outcome.kind == "not solved" else _where(error)
    except Exception as error:  # whatever student code raises is the answer to this check, and to this one alone
        outcome.kind = "error"
        told = _nothing_came_back(error, function) or _no_such_id(error)
        outcome.why = shorten(told or f"{type(error).__name__}: {error}", 600)
        outcome.called = _where(error)
    else:
        outcome.passed = True
    return outcome


def _nothing_came_back(error: Exception, check: Callable[[], None]) -> str:
    """Say in words that the check itself stumbled over a None from student code; '' if that isn't what happened."""
    frames = list(traceback.walk_tb(error.__traceback__))
    stumbled = isinstance(error, AttributeError | TypeError) and "NoneType" in str(error)
    if hasattr(error, "raised_at") or not stumbled or frames[-1][0].f_code is not check.__code__:
        return ""
    wanted = f"something with `.{error.name}`" if isinstance(error, AttributeError) else "something else"
    wanted = "a Tensor" if wanted.endswith("`.data`") else wanted
    return f"None came back, {wanted} was expected: is a `return` missing?"


def _no_such_id(error: Exception) -> str:
    """Say in words that a dictionary was asked for the id of an object and had none; '' if that isn't what happened."""
    key = str(error).strip("'")
    if type(error).__name__ != "KeyError" or not key.isdecimal() or int(key) < SMALLEST_ID:
        return ""
    return (
        f"KeyError: nothing is stored under {key}, which looks like an id(...): was it taken out before, "
        "is it asked for too early, or was another key stored?"
    )


def _where(error: BaseException) -> str:
    """Name the place where `error` was raised: the judge's worker sends it along, else the innermost notebook line.

    A line inside tinytorch is named only where no other is at hand: what was handed to it is the student's affair.
    """
    if hasattr(error, "raised_at"):
        return error.raised_at
    own = os.path.dirname(__file__)  # noqa: PTH120 - no pathlib for one prefix
    framework = os.path.dirname(own)  # noqa: PTH120
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith(own)]
    frames = [f for f in frames if "site-packages" not in f.filename] or frames
    frames = [f for f in frames if not f.filename.startswith(framework)] or frames
    return f"line {frames[-1].lineno} of {frames[-1].name}: {frames[-1].line}" if frames else ""


def _in_notebook() -> bool:
    return _shell() is not None


def _shell():
    """The notebook that this runs in, None elsewhere."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def _number(points: float) -> str:
    return f"{points:g}"


def _one_line(test: UnitTest) -> str:
    count = len(test.outcomes)
    checks = f"{count} check{'s' * (count != 1)}"
    return f"✅ {test.name}: {checks}, {_number(test.points)} of {_number(test.max_points)} points"


def _note(test: UnitTest, failed: list[Outcome]) -> None:
    if _in_notebook():
        passed, fault = len(test.outcomes) - len(failed), failed[0].kind if failed else ""
        marks = " ".join(reports.mark(outcome.title) for outcome in failed)
        reports.note(exercise=test.name, checks=len(test.outcomes), passed=passed, fault=fault, failed=marks)


def _offer_help(test: UnitTest, failed: list[Outcome]) -> None:
    """Count failed runs; after some say where help is. An exercise that is not begun yet is no failure."""
    shell = _shell()
    if shell is None:
        return
    if not failed:
        stuck.forget_failures(test.name)
        return
    if all(outcome.kind == "not solved" for outcome in failed):
        return
    words = stuck.offer(test.name, stuck.count_failure(test.name))
    if words:
        shell.display_pub.publish({"text/markdown": _with_link(words, test.name), "text/plain": words})


def _with_link(words: str, name: str) -> str:
    address = stuck.page_address(name)
    return words.replace(address, f"[Stuck with {name}]({address})") if address else words


def _announced(test: UnitTest) -> list[str]:
    if not test.announced:
        return []
    width = max(len(title) for title, _ in test.announced)
    return [
        "checked when you submit:",
        *(f"   {title.ljust(width)}  {_number(points)}" for title, points in test.announced),
    ]


def _summary(test: UnitTest, failed: list[Outcome]) -> str:
    if all(o.kind == "not solved" for o in failed) and len(failed) == len(test.outcomes):
        return failed[0].why
    return f"{test.name}: {len(failed)} of {len(test.outcomes)} checks failed: " + "; ".join(o.title for o in failed)


def table(test: UnitTest) -> str:
    """Return the table of all checks as plain text; failed ones say what was called, came back and was expected."""
    width = max([len(_label(o)) for o in test.outcomes] + [len(test.name) + 12, 30])
    head = f"🧪 {test.name}".ljust(width + 3) + f"  {_number(test.points)} of {_number(test.max_points)} points"
    lines = [head, "─" * (width + 22)]
    told: set[str] = set()
    for outcome in test.outcomes:
        lines += _rows(outcome, width, told)
    return "\n".join(lines)


def _label(outcome: Outcome) -> str:
    return outcome.title + ("  (hidden)" if outcome.hidden else "")


def _rows(outcome: Outcome, width: int, told: set[str]) -> list[str]:
    """Return the lines of one check; that an exercise is not solved is told once, not again with every check."""
    mark = "✅" if outcome.passed else "⬜" if outcome.kind == "not solved" else "❌"
    got = outcome.points if outcome.passed else 0
    rows = [f"{mark} {_label(outcome).ljust(width)}  {_number(got)} of {_number(outcome.points)}"]
    if outcome.passed or (outcome.kind == "not solved" and outcome.why in told):
        return rows
    told.add(outcome.why)
    if outcome.kind == "not solved":
        return [*rows, f"     {outcome.why}"]
    details = (
        ("raised in" if outcome.kind == "error" else "called", outcome.called),
        ("came back", outcome.got),
        ("expected", outcome.expected),
        ("so", outcome.why),
    )
    return rows + [f"     {name:<10} {text}" for name, text in details if text]
