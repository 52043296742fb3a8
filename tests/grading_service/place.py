"""A small course and submissions to it, for grading tests: real notebooks, made by the project's own generator."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from tito.curriculum import load_curriculum
from tito.source.release import generate_notebooks

from tests.formgrader.local_hub import local_hub
from tests.harness.supervised import SupervisedHub

TREE = Path(__file__).parent / "course"
SLUG = "vectors"
GOOD = {
    "scale": "def scale(values, factor):\n    return np.asarray(values) * factor",
    "total": "def total(values):\n    return float(np.sum(values))",
}
WRONG = {**GOOD, "scale": "def scale(values, factor):\n    return np.asarray(values) * 2.0"}
# Long enough to be met in the middle, and wrong; it takes no processor from the tests beside.
SLOW = {**GOOD, "total": "import time\n\ndef total(values):\n    time.sleep(8)\n    raise ValueError"}


def make_course(root: Path) -> Path:
    """Generate the module's notebooks and gradebook for an nbgrader course."""
    root.mkdir(parents=True, exist_ok=True)
    curriculum = load_curriculum(TREE)
    generate_notebooks([curriculum.find_written(SLUG)], curriculum, root)
    return root


@contextmanager
def hub_on_small_course(folder: Path) -> Iterator[SupervisedHub]:
    """Run a Hub with exchange, grading and formgrader on the small course, in its own folder."""
    course = make_course(folder / "var" / "course")
    with local_hub(course.parent, {"TITO_COURSE": str(TREE)}) as running:
        yield running


def answered(root: Path, answers: dict[str, str], written: str = "They multiply.") -> str:
    """Return the release's text with these answers filled in."""
    nb = nbformat.read(root / "release" / SLUG / f"{SLUG}.ipynb", as_version=4)
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name == "checkpoint_units":
            cell.source = written
        cell.source = answers.get(name, cell.source)
    return json.dumps(nb)


def put_submission(root: Path, student: str, text: str, at: str = "2026-11-20 08:00:00.000000 UTC") -> Path:
    """Put a notebook where the collect step would put it."""
    folder = root / "submitted" / student / SLUG
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{SLUG}.ipynb").write_text(text)
    (folder / "timestamp.txt").write_text(at)
    return folder
