"""Turn a module's source into notebooks: the staff's with everything, and a release without solutions or hidden tests.

Promises: byte for byte repeatable; nbgrader's own GenerateAssignment makes the release; nothing is executed. nbgrader's
metadata that the source leaves out (schema version, locks, points) is completed from `module.yaml`.
"""

import json
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tito.atomic import write_if_changed
from tito.curriculum import Curriculum, Module
from tito.errors import Finding, FindingsError, TitoError
from tito.late_imports import import_nbgrader_lightly
from tito.running_nbgrader import Said, begin_gradebook, put_programs_on_path

from .hints import as_metadata, read_hints
from .percent import Cell, read_percent

PLACEHOLDER = "{{module}}"
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_GRADE_ID = re.compile(r"^[A-Za-z0-9_-]{1,64}$")


def staff_notebook(module: Module, curriculum: Curriculum) -> str:
    """Make the staff notebook's text: every cell of the source, with complete metadata."""
    cells = read_percent(module.source)
    points = _points(module)
    findings = [*_check_ids(cells, module, points)]
    if findings:
        raise FindingsError(findings)
    notebook = {
        "cells": [_notebook_cell(cell, module, curriculum, points) for cell in cells],
        "metadata": NOTEBOOK_METADATA | as_metadata(read_hints(module)),
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _points(module: Module) -> dict[str, float]:
    """Map the grade_id of every graded cell to its points."""
    tests = {f"test_{exercise.name}": exercise.points for exercise in module.exercises}
    return tests | {answer.name: answer.points for answer in module.written_answers}


def _check_ids(cells: list[Cell], module: Module, points: dict[str, float]):
    seen: dict[str, Cell] = {}
    for cell in cells:
        if not cell.nbgrader:
            continue
        name = cell.name
        if not _GRADE_ID.match(name):
            yield Finding(module.source, cell.line, f"grade_id must have only letters, digits, _ and -, not {name!r}")
        elif name in seen:
            yield Finding(module.source, cell.line, f"grade_id '{name}' is already used at line {seen[name].line}")
        elif cell.nbgrader.get("grade") and name not in points:
            message = (
                f"graded cell '{name}' has no points: name the exercise {name.removeprefix('test_')!r} in module.yaml"
            )
            yield Finding(module.source, cell.line, message)
        seen.setdefault(name, cell)
    for name in points:
        if name not in seen or not seen[name].nbgrader.get("grade"):
            message = f"has no graded cell '{name}', which module.yaml gives {points[name]:g} points: write it"
            yield Finding(module.source, 1, message)


def _notebook_cell(cell: Cell, module: Module, curriculum: Curriculum, points: dict[str, float]) -> dict:
    source = cell.source
    if cell.kind == "markdown":
        source = source.replace(PLACEHOLDER, describe(module, curriculum))
    metadata = {key: value for key, value in cell.metadata.items() if key != "nbgrader"}
    if cell.nbgrader:
        metadata["nbgrader"] = _complete(cell.nbgrader, points)
    made = {
        "cell_type": cell.kind,
        "id": cell.name or f"cell-{cell.number:03d}",
        "metadata": metadata,
        "source": source.splitlines(keepends=True),
    }
    return made | {"execution_count": None, "outputs": []} if cell.kind == "code" else made


def _complete(given: dict, points: dict[str, float]) -> dict:
    grade, solution = bool(given.get("grade")), bool(given.get("solution"))
    complete = {
        "grade": grade,
        "grade_id": given["grade_id"],
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return complete | {"points": points[given["grade_id"]]} if grade else complete


def describe(module: Module, curriculum: Curriculum) -> str:
    """Say in one line of markdown what readers want to know before they start."""
    tier = next(tier.title for tier in curriculum.tiers if tier.name == module.tier)
    hours = f"{module.hours:g} hour{'' if module.hours == 1 else 's'}"
    needs = ", ".join(curriculum.find(slug).label for slug in module.prerequisites) or "none"
    return f"**Module {module.label}** · {tier} tier · about {hours} · prerequisites: {needs}"


def generate_notebooks(
    modules: Iterable[Module], curriculum: Curriculum, nbgrader_dir: Path, record: bool = True
) -> list[Path]:
    """Write staff notebooks to source/ and releases to release/ of an nbgrader course; return the releases.

    `record` keeps nbgrader's gradebook up to date, as its own command would.
    """
    nbgrader_dir = nbgrader_dir.resolve()
    releases = []
    for module in modules:
        name = Path(module.slug, f"{module.slug}.ipynb")
        write_if_changed(nbgrader_dir / "source" / name, staff_notebook(module, curriculum))
        _generate_release(module.slug, nbgrader_dir, record)
        releases.append(nbgrader_dir / "release" / name)
    return releases


def release_notebook(module: Module, curriculum: Curriculum) -> str:
    """Make the text of a module's release, leaving no trace."""
    with tempfile.TemporaryDirectory(prefix="tito-release-") as folder:
        return generate_notebooks([module], curriculum, Path(folder), record=False)[0].read_text(encoding="utf-8")


def _generate_release(slug: str, nbgrader_dir: Path, record: bool) -> None:
    # nbgrader, nbconvert and SQLAlchemy take most of a second to import: do it only when a notebook is made.
    import_nbgrader_lightly()
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.preprocessors import SaveCells
    from traitlets.config import Config

    from .stubs import configure

    config = configure(Config())
    config.CourseDirectory.root = str(nbgrader_dir)
    config.CourseDirectory.assignment_id = slug
    if not record:
        chosen = config.GenerateAssignment.preprocessors
        config.GenerateAssignment.preprocessors = [each for each in chosen if each is not SaveCells]
        config.GenerateAssignment.no_database = True
    said = Said()
    converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
    converter.log = said.logger
    converter.force = True
    put_programs_on_path()
    if record:
        begin_gradebook(converter.coursedir.db_url)
    try:
        converter.start()
    except (NbGraderException, SystemExit) as error:
        raise TitoError(
            f"nbgrader could not make the release of {slug}: {said.reason() or error}\n"
            f"'tito module lint {slug}' shows where."
        ) from None
