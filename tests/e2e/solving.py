"""What a student writes: the course's reference solutions, put into the notebook's solution cells."""

import copy
import re
from pathlib import Path

from tito.source.percent import Cell, read_percent

from tests.e2e.hub import CHECKOUT

MARKER = re.compile(r"^[ \t]*### (BEGIN|END) SOLUTION[ \t]*\n?", re.MULTILINE)


def source_of(slug: str) -> Path:
    """Return a module's source file."""
    return next((CHECKOUT / "course" / "modules").glob(f"[0-9][0-9]_{slug}")) / f"{slug}_dev.py"


def solutions(slug: str) -> dict[str, str]:
    """Return grade_id -> text of every solution cell of a module, as a student would write it."""
    return {cell.name: MARKER.sub("", cell.source) for cell in read_percent(source_of(slug)) if _is_solution(cell)}


def _is_solution(cell: Cell) -> bool:
    return bool(cell.nbgrader.get("solution"))


def solved(notebook: dict, texts: dict[str, str]) -> dict:
    """Return a copy of a notebook with these texts in its solution cells."""
    done = copy.deepcopy(notebook)
    for cell in done["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in texts:
            cell["source"] = texts[name]
    return done


def written_answers(notebook: dict) -> list[str]:
    """Return the grade_ids of the cells that are graded by hand."""
    marks = [cell["metadata"].get("nbgrader", {}) for cell in notebook["cells"]]
    return [mark["grade_id"] for mark in marks if mark.get("grade") and mark.get("solution")]
