"""Restore a version, or one cell of it; the present notebook is kept first, so it can be undone in the same way."""

from dataclasses import dataclass

from tito.atomic import write_atomically
from tito.errors import TitoError
from tito.history.keeping import keep_notebook
from tito.history.notebook import Cell, cells_of, parse, written
from tito.history.versions import History, Version
from tito.workspace import Workspace


@dataclass(frozen=True)
class Restored:
    """The restored version, and the one to restore if that was a mistake (None if there was no notebook)."""

    version: Version
    undo: Version | None


def restore(workspace: Workspace, slug: str, number: int, cell: str = "") -> Restored:
    """Restore a version of the module's notebook, or only one cell, given its exercise or key."""
    history = History(workspace, slug)
    version = history.find(number)
    data = history.read(version)
    target = workspace.notebook(slug)
    undo = keep_notebook(workspace, slug, "before a restore")
    if undo is None and target.is_file():
        raise TitoError(f"no copy of {target.name} could be kept first, so nothing was restored: is your home full?")
    if cell:
        data = _with_cell(target.read_bytes() if target.is_file() else b"", data, cell, target.name)
    write_atomically(target, data)
    keep_notebook(workspace, slug, f"restored from {number}" + (f", {_name(cell)} only" if cell else ""))
    return Restored(version, undo)


def _with_cell(now: bytes, then: bytes, wanted: str, name: str) -> bytes:
    notebook = parse(now)
    if notebook is None:
        raise TitoError(f"{name} is missing or damaged, so a single cell can't be restored: restore it whole.")
    before = cells_of(parse(then))
    cell = next((each for each in before if wanted in (each.key, each.name)), None)
    if cell is None:
        names = ", ".join(each.name for each in before if each.name) or "none"
        raise TitoError(f"that version has no cell {_name(wanted)!r}; its exercises and tests: {names}.")
    present = {each.key: each for each in cells_of(notebook)}
    cells = notebook["cells"]
    if cell.key in present:
        cells[present[cell.key].number - 1] = cell.raw
    else:
        cells.insert(_place(cell, before, present), cell.raw)
    return written(notebook)


def _place(cell: Cell, before: list[Cell], present: dict[str, Cell]) -> int:
    """Find the place for a missing cell: after the nearest cell above it that still exists."""
    above = [present[each.key].number for each in before if each.number < cell.number and each.key in present]
    return above[-1] if above else 0


def _name(cell: str) -> str:
    return cell.partition(":")[2] or cell
