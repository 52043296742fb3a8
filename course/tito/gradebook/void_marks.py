"""Say in a graded notebook which checks do not count: the stored one keeps what the judge said, pages say both.

So a void that is taken back leaves nothing behind in hundreds of files, and a page is correct when it is made.
"""

from collections.abc import Iterable

import nbformat
from nbformat import NotebookNode

from .voids import Void

MARKS = ("✅", "❌")


def mark_voids(nb: NotebookNode, voided: Iterable[Void]) -> list[str]:
    """Put a line below the tests that have a void check, and return these lines; tests without that check get none."""
    said = []
    for void in voided:
        for cell in nb.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == f"test_{void.exercise}" and _has(cell, void):
                text = f"⚖️ {void.words}\n"
                cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=text))
                said.append(void.words)
    return said


def _has(cell: NotebookNode, void: Void) -> bool:
    """Tell whether the verdict in a test cell's outputs lists the check, by the name that students know."""
    texts = (each.text for each in cell.outputs if each.output_type == "stream")
    lines = [line for text in texts for line in text.splitlines()]
    return any(line.startswith(f"{mark} {void.shown}  ") for line in lines for mark in MARKS)
