"""What staff know about a written answer: the question with its rubric, and the sample answer, from the source
notebook.
"""

import functools
import re
from pathlib import Path

import nbformat
from nbconvert.filters import markdown2html
from nbgrader.utils import is_grade, is_solution

from tito.rendering.sanitize import clean

ANCHOR = re.compile(r'<a class="anchor-link"[^>]*>.*?</a>')
SOLUTION = re.compile(r"###\s*BEGIN SOLUTION[^\n]*\n(.*?)###\s*END SOLUTION", re.DOTALL)


def guidance(source: Path) -> dict[str, dict[str, str]]:
    """Return {grade_id: {"rubric": html, "sample": html}} for the written answers of a staff notebook.

    A missing notebook has no guidance: grading by hand must go on without it.
    """
    if not source.is_file():
        return {}
    return _read(source, source.stat().st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _read(source: Path, _changed: int) -> dict[str, dict[str, str]]:
    cells = nbformat.read(source, as_version=4).cells
    found = {}
    for position, cell in enumerate(cells):
        if cell.cell_type == "markdown" and is_grade(cell) and is_solution(cell):
            above = cells[position - 1].source if position and cells[position - 1].cell_type == "markdown" else ""
            found[cell.metadata.nbgrader.grade_id] = {"rubric": _html(above), "sample": _html(_sample(cell.source))}
    return found


def _sample(text: str) -> str:
    inside = SOLUTION.search(text)
    return inside.group(1).strip() if inside else text


def _html(text: str) -> str:
    return clean(ANCHOR.sub("", markdown2html(text)))
