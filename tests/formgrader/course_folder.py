"""A small nbgrader course made with nbgrader's own converters: one module with code, tests and a written answer."""

import base64
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    IgnorePattern,
    LimitOutput,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)  # fmt: skip
from tito.running_nbgrader import begin_gradebook, put_programs_on_path
from traitlets.config import Config

SLUG = "tensor"
COURSE = "tinytorch-test"
RUBRIC = "**Question.** Why does a view share memory?\n\nRubric: 0 nothing, 5 names strides, 10 also the buffer."
SAMPLE = "A view has other strides over the same buffer."
PNG = base64.b64encode(
    base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
).decode()


def _meta(grade_id: str, *, grade: bool, solution: bool, points: float | None = None) -> dict:
    about = {
        "grade_id": grade_id, "grade": grade, "solution": solution, "locked": not solution, "task": False,
        "schema_version": 3,
    }  # fmt: skip
    return {"nbgrader": {**about, **({"points": points} if points is not None else {})}}


def source_notebook() -> nbformat.NotebookNode:
    return new_notebook(
        cells=[
            new_markdown_cell("# Tensor", id="title"),
            new_code_cell(
                "def add(a, b):\n    ### BEGIN SOLUTION\n    return a + b\n    ### END SOLUTION",
                id="add", metadata=_meta("add", grade=False, solution=True),
            ),
            new_code_cell(
                "assert add(1, 2) == 3\n### BEGIN HIDDEN TESTS\nassert add(917, 446) == 1363\n### END HIDDEN TESTS",
                id="test_add", metadata=_meta("test_add", grade=True, solution=False, points=90),
            ),
            new_markdown_cell(RUBRIC, id="question"),
            new_markdown_cell(
                f"### BEGIN SOLUTION\n{SAMPLE}\n### END SOLUTION",
                id="memory", metadata=_meta("memory", grade=True, solution=True, points=10),
            ),
        ],
        metadata={"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
    )  # fmt: skip


def _config(root: Path) -> Config:
    config = Config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.course_id = COURSE
    config.CourseDirectory.assignment_id = SLUG
    config.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}"
    return config


def make_course(root: Path) -> Path:
    """Write the source notebook and generate the release, which fills the gradebook too."""
    put_programs_on_path()
    folder = root / "source" / SLUG
    folder.mkdir(parents=True)
    nbformat.write(source_notebook(), folder / f"{SLUG}.ipynb")
    config = _config(root)
    begin_gradebook(config.CourseDirectory.db_url)
    converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
    converter.force = True
    converter.start()
    return root


def answer_notebook(root: Path, code: str = "def add(a, b):\n    return a + b", written: str = "It shares the buffer."):
    """Return the release filled in by a student."""
    nb = nbformat.read(root / "release" / SLUG / f"{SLUG}.ipynb", as_version=4)
    for cell in nb.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "add":
            cell.source = code
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "memory":
            cell.source = written
    return nb


def submit(root: Path, student: str, nb: nbformat.NotebookNode, files: dict[str, bytes] | None = None) -> None:
    """Put a submission where `collect` would put it."""
    folder = root / "submitted" / student / SLUG
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, folder / f"{SLUG}.ipynb")
    (folder / "timestamp.txt").write_text("2026-11-20 08:00:00.000000 UTC")
    for name, content in (files or {}).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def autograde(root: Path, student: str) -> None:
    """Run nbgrader's Autograde without a kernel, keeping outputs: only the pages are tested here."""
    config = _config(root)
    config.CourseDirectory.student_id = student
    converter = Autograde(coursedir=CourseDirectory(config=config), config=config)
    converter.sanitize_preprocessors = [OverwriteKernelspec, OverwriteCells, CheckCellMetadata]
    converter.autograde_preprocessors = [
        IgnorePattern,
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    converter.force = True
    converter.start()


def add_output(nb: nbformat.NotebookNode, data: dict, cell: int = 1) -> None:
    """Save an output in a code cell: a student's notebook may contain any output."""
    nb.cells[cell].outputs = [*nb.cells[cell].get("outputs", []), new_output("display_data", data=data)]


def gradebook(root: Path) -> Gradebook:
    return Gradebook(f"sqlite:///{root / 'gradebook.db'}", COURSE)
