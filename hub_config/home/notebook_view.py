"""A student's notebook as text: cells, their names and what they printed. Nothing is rendered and nothing can run.

Promise: any bytes give a result of bounded size, which shows what was left out.
"""

import tempfile
from dataclasses import dataclass
from typing import Any

from exchange.protocol.notebooks import read_large
from exchange.protocol.spans import Unreadable

MOST_CELLS = 400
LONGEST_SOURCE, LONGEST_OUTPUT = 20_000, 4_000  # characters of a cell that are shown


@dataclass(frozen=True)
class ShownCell:
    """One cell: its number from 1, its exercise or test, its kind, its source and what it printed."""

    number: int
    name: str
    kind: str
    source: str
    printed: str


def shown_cells(data: bytes) -> list[ShownCell] | None:
    """Read a notebook's cells; None if it is damaged."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            cells = read_large(file).document.get("cells", [])
        except (Unreadable, ValueError, RecursionError):
            return None
    rows = [(number, cell) for number, cell in enumerate(cells[:MOST_CELLS], start=1) if isinstance(cell, dict)]
    return [_shown(number, cell) for number, cell in rows]


def _shown(number: int, cell: dict[str, Any]) -> ShownCell:
    nbgrader = cell["metadata"].get("nbgrader")
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    outputs = [each for each in cell.get("outputs", []) if isinstance(each, dict)]
    printed = "".join(_text(each.get("text")) or _traceback(each) for each in outputs)
    return ShownCell(
        number,
        name if isinstance(name, str) else "",
        "code" if cell.get("cell_type") == "code" else "text",
        _cut(_text(cell.get("source")), LONGEST_SOURCE),
        _cut(printed, LONGEST_OUTPUT),
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _traceback(output: dict[str, Any]) -> str:
    """The last line of an error: colors and frames are for a terminal."""
    name, value = _text(output.get("ename")), _text(output.get("evalue"))
    return f"{name}: {value}\n" if name else ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}\n[cut here: it has {len(text)} characters]"
