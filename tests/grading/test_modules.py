"""Real modules in the sandbox: the reference gets all points, the untouched release none; judge and kernel agree."""

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from tito.checks.plan import stub_of
from tito.curriculum import Module, load_curriculum
from tito.judge.submission import judge_submission
from tito.source.release import release_notebook, staff_notebook

from tests.grading.conftest import CHECKOUT

pytestmark = [pytest.mark.modules, pytest.mark.usefixtures("worker_environment")]
COURSE = CHECKOUT / "course"
CURRICULUM = load_curriculum(COURSE)
FIRST_THREE = [module for module in CURRICULUM.written if module.number <= 3]
HEAD = re.compile(r"^🧪 (\w+) +([\d.]+) of ([\d.]+) points$", re.MULTILINE)


def judged(module: Module, text: str, folder: Path, **options) -> dict[str, float]:
    (folder / f"{module.slug}.ipynb").write_text(text, encoding="utf-8")
    verdict = judge_submission(folder, module.slug, course=COURSE, seed=0, **options)
    assert not verdict.refused
    return {exercise.name: exercise.points for exercise in verdict.exercises}


@pytest.mark.parametrize("module", CURRICULUM.written, ids=lambda module: module.slug)
def test_the_reference_gets_everything_and_the_release_nothing(module: Module, tmp_path: Path):
    everything = {exercise.name: float(exercise.points) for exercise in module.exercises}
    assert judged(module, staff_notebook(module, CURRICULUM), tmp_path) == everything
    assert judged(module, release_notebook(module, CURRICULUM), tmp_path) == dict.fromkeys(everything, 0.0)


Change = Callable[[list[nbformat.NotebookNode]], None]


def unsolved(place: int) -> Change:
    def change(cells):
        cells[place].source = stub_of(cells[place].source, name_of(cells[place]))

    return change


def instead(place: int, statement: str) -> Change:
    def change(cells):
        stub = stub_of(cells[place].source, name_of(cells[place]))
        cells[place].source = re.sub(r"raise NotImplementedError\(.*\)", statement, stub)

    return change


def name_of(cell: nbformat.NotebookNode) -> str:
    return cell.metadata.nbgrader["grade_id"]


def wrapped(cells) -> None:
    """Give each plain function another name and call it through a wrapper."""
    for cell in cells:
        name = name_of(cell)
        if "\n@" not in cell.source and f"def {name}(" in cell.source:
            cell.source += f"\n\n_own_{name} = {name}\n\n"
            cell.source += f"\ndef {name}(*args, **options):\n    return _own_{name}(*args, **options)\n"


def chatty(cells) -> None:
    for cell in cells:
        cell.source += "\nimport warnings\nprint('done', 12345)\nprint([1, 2])"


VARIANTS: dict[str, Change] = {
    "as it should be": lambda cells: None,
    "first unsolved": unsolved(0),
    "second unsolved": unsolved(1),
    "last unsolved": unsolved(-1),
    "first gives None": instead(0, "return None"),
    "second gives None": instead(1, "return None"),
    "second always fails": instead(1, "raise ValueError('no shape is right')"),
    "last always fails": instead(-1, "raise TypeError('no')"),
    "every function wrapped": wrapped,
    "much printing": chatty,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("module", FIRST_THREE, ids=lambda module: module.slug)
def test_judge_and_kernel_agree(module: Module, variant: str, tmp_path: Path):
    nb = nbformat.reads(staff_notebook(module, CURRICULUM), as_version=4)
    names = {exercise.name for exercise in module.exercises}
    VARIANTS[variant]([c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") in names])
    assert judged(module, nbformat.writes(nb), tmp_path, mode="reference") == in_kernel(nb, tmp_path)


def in_kernel(nb: nbformat.NotebookNode, folder: Path) -> dict[str, float]:
    """Execute the notebook as a student would, without its pictures; read the points from the tests' tables."""
    nb.cells = [cell for cell in nb.cells if not is_picture(cell)]
    NotebookClient(
        nb, kernel_name="python3", allow_errors=True, timeout=200, resources={"metadata": {"path": str(folder)}}
    ).execute()
    printed = "\n".join(output.text for cell in nb.cells for output in cell.get("outputs", []) if "text" in output)
    return {name: float(points) for name, points, _ in HEAD.findall(printed)}


def is_picture(cell: nbformat.NotebookNode) -> bool:
    """Tell whether a cell only draws: such cells take most of a notebook's time, and no test uses what they define."""
    return "viz." in cell.source and "nbgrader" not in cell.metadata and not cell.source.startswith("#| export")
