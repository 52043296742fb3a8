"""Read a notebook's bytes: its cells, and the exercises that had passed when it was saved.

Promise: any bytes get an answer; a damaged notebook has no cells.
"""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """One cell: its key across versions, its name, its number, and the cell itself as in the file."""

    key: str
    name: str  # the exercise's, if it is one
    number: int  # from 1, from the top of the notebook
    raw: dict

    @property
    def source(self) -> str:
        return text_of(self.raw.get("source"))

    @property
    def kind(self) -> str:
        return str(self.raw.get("cell_type", ""))


def parse(data: bytes) -> dict | None:
    """Read a notebook; None if it is damaged."""
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("cells"), list) else None


def cells_of(notebook: dict | None) -> list[Cell]:
    """List the cells; a cell's key is its grade id, else its id, else its text; copies are numbered."""
    cells: list[Cell] = []
    seen: dict[str, int] = {}
    for number, raw in enumerate((notebook or {}).get("cells", []), start=1):
        if not isinstance(raw, dict):
            continue
        name = _grade_id(raw)
        known = f"name:{name}" if name else _known_by(raw)
        seen[known] = seen.get(known, 0) + 1
        key = known if seen[known] == 1 else f"{known}#{seen[known]}"
        cells.append(Cell(key, name, number, raw))
    return cells


def text_of(value: object) -> str:
    """Read a text in a notebook, which is a string or a list of strings."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def passed_in(notebook: dict | None) -> tuple[list[str], int]:
    """Name the exercises whose tests had passed, according to the saved outputs, and count the tests."""
    tests = [cell for cell in cells_of(notebook) if cell.name.startswith("test_")]
    passed = [cell.name.removeprefix("test_") for cell in tests if _has_passed(cell)]
    return passed, len(tests)


def without_outputs(notebook: dict) -> bytes:
    """Write a notebook without its cells' outputs."""
    cells = [
        cell | {"outputs": []} if isinstance(cell, dict) and "outputs" in cell else cell for cell in notebook["cells"]
    ]
    return written(notebook | {"cells": cells})


def written(notebook: dict) -> bytes:
    """Write a notebook as Jupyter does."""
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def _has_passed(cell: Cell) -> bool:
    outputs = cell.raw.get("outputs")
    outputs = [each for each in outputs if isinstance(each, dict)] if isinstance(outputs, list) else []
    if any(each.get("output_type") == "error" for each in outputs):
        return False
    printed = "".join(text_of(each.get("text")) for each in outputs)
    name = cell.name.removeprefix("test_")
    return any(line.startswith((f"🧪 {name} ", f"✅ {name}:")) for line in printed.splitlines())


def _grade_id(raw: dict) -> str:
    metadata = raw.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return name if isinstance(name, str) else ""


def _known_by(raw: dict) -> str:
    return f"id:{raw['id']}" if isinstance(raw.get("id"), str) else f"text:{text_of(raw.get('source'))[:200]}"
