"""Read a student's notebook in any state: return its cells, or raise an error that says what to do."""

import ast
import json
from pathlib import Path

from tito.errors import TitoError

from .foreign import foreign_kind, foreign_words
from .percent import Cell

NOT_SOLVED = "exercise '{name}' is not solved yet"
LARGEST_BYTES = 64 * 2**20
MOST_NAMED = 3  # files named in a message


class NotebookError(TitoError):
    """The notebook can't be used as it is; `cell` counts all cells from 1, None if the file itself is the problem."""

    def __init__(self, message: str, cell: int | None = None) -> None:
        super().__init__(message)
        self.cell = cell

    def to_json(self) -> dict:
        return super().to_json() | {"cell": self.cell}


def read_notebook(path: Path) -> list[Cell]:
    """Read the cells of a notebook file; `number` counts all cells from 1, as from the top of the page."""
    data = _load(path)
    cells = data.get("cells")
    if not isinstance(cells, list) or data.get("nbformat") != 4:
        raise NotebookError(f"{path.name} is JSON, but not a notebook of format 4: {_rescue(path)}")
    return [_cell(raw, number, path) for number, raw in enumerate(cells, start=1)]


def _load(path: Path) -> dict:
    if not path.exists():
        raise NotebookError(f"{path} is missing: {_what_is_there(path)}'tito module start {path.stem}' puts it there.")
    if not path.is_file():
        raise NotebookError(f"{path} is not a file: move it away, then run 'tito module start {path.stem}'.")
    if path.stat().st_size > LARGEST_BYTES:
        raise NotebookError(f"{path.name} is larger than 64 MB: clear its outputs in JupyterLab, then save it.")
    raw = path.read_bytes()
    if not raw.strip():
        raise NotebookError(f"{path.name} is empty: {_rescue(path)}")
    if kind := foreign_kind(raw[:200]):
        raise NotebookError(f"{foreign_words(path.name, kind)}; or {_rescue(path)}")
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NotebookError(f"{path.name} is not UTF-8 text: {_rescue(path)}") from None
    except RecursionError:
        raise NotebookError(f"{path.name} is nested too deeply to be a notebook: {_rescue(path)}") from None
    except ValueError as error:
        raise NotebookError(
            f"{path.name} is incomplete or damaged at line {getattr(error, 'lineno', '?')}: {_rescue(path)}"
        ) from None
    if not isinstance(data, dict):
        raise NotebookError(f"{path.name} is JSON, but not a notebook: {_rescue(path)}")
    return data


def _what_is_there(path: Path) -> str:
    """Name the notebooks in the same folder: most missing ones were renamed."""
    there = sorted(each.name for each in path.parent.glob("*.ipynb")) if path.parent.is_dir() else []
    if not there:
        return ""
    shown = ", ".join(there[:MOST_NAMED])
    return f"{path.parent.name} has {shown}. If that is your work, rename it to {path.name}; otherwise "


def _rescue(path: Path) -> str:
    return (
        "if it is still open in JupyterLab, save it there again; otherwise restore an earlier version "
        f"('tito module history {path.stem}') or run 'tito module reset {path.stem}', which keeps a copy of this file."
    )


def _cell(raw: dict, number: int, path: Path) -> Cell:
    if not isinstance(raw, dict) or raw.get("cell_type") not in ("code", "markdown", "raw"):
        raise NotebookError(f"cell {number} of {path.name} is damaged: {_rescue(path)}", number)
    source = raw.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    metadata = raw.get("metadata")
    if not isinstance(source, str) or not isinstance(metadata, dict):
        raise NotebookError(f"cell {number} of {path.name} is damaged: {_rescue(path)}", number)
    if not isinstance(metadata.get("nbgrader", {}), dict) or not isinstance(
        metadata.get("nbgrader", {}).get("grade_id", ""), str
    ):
        raise NotebookError(f"the metadata of cell {number} of {path.name} is damaged: {_rescue(path)}", number)
    # Line 0 means: not a percent file, places are given as cells.
    return Cell(raw["cell_type"], source, 0, number, metadata=metadata)


def describe(cell: Cell) -> str:
    """Describe a cell so that a student can find it: its number, its exercise, and how it begins."""
    lines = [line.strip() for line in cell.source.splitlines() if line.strip() and not line.startswith("#|")]
    begin = f", begins '{lines[0][:50]}'" if lines else ""
    return f"cell {cell.number} ({cell.name + begin if cell.name else begin.removeprefix(', ')})"


def check_syntax(cells: list[Cell], path: Path) -> None:
    """Raise an error for the first exported cell that is not Python, quoting the line."""
    for cell in cells:
        if cell.kind != "code" or "export" not in cell.directives():
            continue
        try:
            ast.parse(cell.source)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            lines = cell.source.splitlines()
            text = lines[line - 1].strip() if line <= len(lines) else ""
            raise NotebookError(
                f"{path.name}, {describe(cell)}, line {line} is not Python: {getattr(error, 'msg', error)}\n"
                f"    {text}\n{_advice(text)}",
                cell.number,
            ) from None


def _advice(text: str) -> str:
    if text.startswith(("%", "!", "?")) or text.endswith("?"):
        return (
            "Commands with % ! ? work only in notebooks: move that line to a cell without '#| export', save, try again."
        )
    return "Fix that line, run the cell, save, and try again."


def unsolved(cells: list[Cell]) -> list[Cell]:
    """Find exercises that still have their stub."""
    return [
        cell for cell in cells if cell.kind == "code" and cell.name and NOT_SOLVED.format(name=cell.name) in cell.source
    ]
