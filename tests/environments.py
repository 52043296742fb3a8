"""The environments of servers and workers, built from the code under test by whichever room's tests need them first."""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tito.curriculum import load_curriculum
from tito.staff.environments import make_environments
from tito.staff.package import prebuilt_of_semester

from tests.proxies import NAMES

CHECKOUT = Path(__file__).resolve().parents[1]
COURSE = CHECKOUT / "course"
REAL = {name: os.environ[name] for name in NAMES if name in os.environ}  # before any test sets its own proxy


@contextmanager
def as_it_was() -> Iterator[None]:
    """Reach packages by the machine's own proxy settings, even if a test has set a proxy that does not work."""
    named = {name: os.environ.pop(name) for name in NAMES if name in os.environ}
    os.environ.update(REAL)
    try:
        yield
    finally:
        for name in REAL:
            os.environ.pop(name, None)
        os.environ.update(named)


@functools.cache
def worker_environment() -> Path:
    """Return the environment that the judge's workers run in."""
    with as_it_was():
        return make_environments(CHECKOUT, COURSE, kinds=("worker",))["worker"]


def student_environment(semester: Path) -> Path:
    """Return the environment that people's servers run in, as `serve` makes it for this semester."""
    return _student_environment(tuple(prebuilt_of_semester(semester, load_curriculum(COURSE))))


@functools.cache
def _student_environment(prebuilt: tuple[str, ...]) -> Path:
    with as_it_was():
        return make_environments(CHECKOUT, COURSE, ("student",), [], list(prebuilt))["student"]
