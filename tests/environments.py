"""The environments of servers and workers, made of the code that is tested; whichever room runs first makes them."""

import functools
from pathlib import Path

from tito.curriculum import load_curriculum
from tito.staff.environments import make_environments
from tito.staff.package import prebuilt_of_semester

CHECKOUT = Path(__file__).resolve().parents[1]
COURSE = CHECKOUT / "course"


@functools.cache
def worker_environment() -> Path:
    """Return the environment that the judge's workers run in."""
    return make_environments(CHECKOUT, COURSE, kinds=("worker",))["worker"]


def student_environment(semester: Path) -> Path:
    """Return the environment that people's servers run in, as `serve` makes it for this semester."""
    return _student_environment(tuple(prebuilt_of_semester(semester, load_curriculum(COURSE))))


@functools.cache
def _student_environment(prebuilt: tuple[str, ...]) -> Path:
    return make_environments(CHECKOUT, COURSE, ("student",), [], list(prebuilt))["student"]
