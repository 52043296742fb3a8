"""Compare two notebooks cell by cell: an earlier version and the present one."""

import difflib
from dataclasses import dataclass

from tito.history.notebook import Cell, cells_of, parse

MOST_LINES = 2000  # of a cell that are compared; difflib's time grows with the square of their number


@dataclass(frozen=True)
class Change:
    """One cell that differs: `then` is the version's, `now` the present one's; one of them may be missing."""

    then: Cell | None
    now: Cell | None

    @property
    def cell(self) -> Cell:
        found = self.then or self.now
        assert found is not None
        return found

    @property
    def label(self) -> str:
        """The cell's name on a page or in a terminal."""
        return f"Cell {self.cell.number}" + (f" ({self.cell.name})" if self.cell.name else "")

    @property
    def what(self) -> str:
        if self.now is None:
            return "is missing now"
        return "was not there then" if self.then is None else "differs"

    def lines(self) -> list[str]:
        """Return the difference line by line: restoring would remove lines with `-` and bring back those with `+`."""
        now, then = ((cell.source if cell else "").splitlines()[:MOST_LINES] for cell in (self.now, self.then))
        found = list(difflib.unified_diff(now, then, lineterm="", n=2))
        return [line for line in found[2:] if not line.startswith("@@")] if found else []

    def to_json(self) -> dict:
        return {
            "cell": self.cell.name or self.cell.key,
            "label": self.label,
            "number": self.cell.number,
            "what": self.what,
            "diff": self.lines(),
        }


def compare(then: bytes, now: bytes) -> list[Change]:
    """List the cells whose text differs, in the version's order, then those that exist only now."""
    before, present = (cells_of(parse(data)) for data in (then, now))
    here, there = {cell.key: cell for cell in present}, {cell.key for cell in before}
    changed = [Change(cell, here.get(cell.key)) for cell in before]
    changed += [Change(None, cell) for cell in present if cell.key not in there]
    return [change for change in changed if not _same(change)]


def _same(change: Change) -> bool:
    then, now = change.then, change.now
    return then is not None and now is not None and (then.source, then.kind) == (now.source, now.kind)
