"""Update a student's notebook to a corrected release: the course's cells from the release, the student's from theirs.

Promise: nothing that a student wrote is lost. Their answers and their own cells stay in place; cells that no longer
have a place are at the end under a heading. Pure functions on parsed notebooks.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tito.history.comparing import Change
from tito.history.notebook import Cell, cells_of

GIVEN_ID = re.compile(r"cell-\d{3,}")  # the ids that releases give to cells without a name
HEADING = "## Yours, kept from before a correction\n\nThe corrected notebook has no place for the cells below."
HEADING_ID = "kept-from-before"


@dataclass
class Updated:
    """The updated notebook, and what is new in it."""

    notebook: dict
    changes: list[Change] = field(default_factory=list)  # `then` is the corrected cell, `now` the student's
    at_end: list[str] = field(default_factory=list)  # names of answers and cells that no longer have a place
    other_task: list[str] = field(default_factory=list)  # exercises whose text was corrected while the answer was kept

    @property
    def is_needed(self) -> bool:
        return bool(self.changes or self.at_end)


def updated(mine: dict, release: dict, earlier: Iterable[dict] = ()) -> Updated:
    """Merge a student's notebook with a release; `earlier` are releases from which it may have been made."""
    return _Merge(mine, release, _base(mine, [*earlier])).run()


def _base(mine: dict, earlier: list[dict]) -> dict[str, Cell] | None:
    """Return by key the cells of the release that shares most cells with the student's; None if none is known."""
    texts = {(cell.key, cell.source) for cell in cells_of(mine)}
    found = [{cell.key: cell for cell in cells_of(each)} for each in earlier]
    return max(found, key=lambda base: sum((key, cell.source) in texts for key, cell in base.items()), default=None)


class _Merge:
    def __init__(self, mine: dict, release: dict, base: dict[str, Cell] | None) -> None:
        self.mine, self.release, self.base = mine, release, base
        self.given, self.own = cells_of(release), cells_of(mine)
        self.made: dict[str, dict] = {cell.key: cell.raw for cell in self.given}
        self.after: dict[str, list[dict]] = {}  # the student's cells, by the given cell that they follow
        self.at_end: list[dict] = []
        self.seen: set[str] = set()  # given cells that the student's notebook has in some form
        self.result = Updated(mine)

    def run(self) -> Updated:
        anchor = ""
        for cell in self.own:
            anchor = self._place(cell, anchor)
        self._tell_new()
        cells = [*self.after.get("", ())]
        for given in self.given:
            cells += [self.made[given.key], *self.after.get(given.key, ())]
        self.result.notebook = self._whole(cells + self._end(cells))
        return self.result

    def _place(self, cell: Cell, anchor: str) -> str:
        """Put one of the student's cells in its place; return the given cell after which the next ones come."""
        if cell.name:
            return self._place_named(cell, anchor)
        target = self._same_text(cell)
        if target:
            self._keep(target, cell)
        elif self._is_given(cell):
            return self._place_corrected(cell, anchor)
        elif cell.source.strip():
            self.after.setdefault(anchor, []).append(cell.raw)
        return target.key if target else anchor

    def _place_named(self, cell: Cell, anchor: str) -> str:
        target = next((each for each in self.given if each.name == cell.name), None)
        if target is None:
            self._without_place(cell)
            return anchor
        if not _is_answer(target.raw):
            if target.source == cell.source:
                self._keep(target, cell)
            elif target.key not in self.seen:
                self._correct(target, cell)
        elif target.key in self.seen:  # copied by the student: both are kept
            self.after.setdefault(target.key, []).append(cell.raw)
        else:
            self._answer(target, cell)
        return target.key

    def _answer(self, target: Cell, cell: Cell) -> None:
        """Keep an answer. For an exercise that the student has not touched, use the corrected cell."""
        before = self._before(cell)
        if before is not None and before.source == cell.source != target.source:
            self._correct(target, cell)
            return
        if before is not None and before.source != target.source:
            self.result.other_task.append(target.name)
        self._keep(target, cell)

    def _place_corrected(self, cell: Cell, anchor: str) -> str:
        """Place a given cell without a name whose text is not in the release: corrected, removed, or edited."""
        before = self._before(cell)
        place = next((each for each in self.given if each.key == cell.key and each.key not in self.seen), None)
        if before is None or before.source == cell.source:
            if before is None and cell.kind == "code":  # it may be the student's work: no release can tell
                self._without_place(cell)
            if place is None or self._is_elsewhere(place):
                self.result.changes.append(Change(None, cell))
                return anchor
            self._correct(place, cell)
            return place.key
        target = next((each for each in self.given if each.source == before.source and each.key not in self.seen), None)
        if target is not None:  # not corrected: the student's edited cell stays
            self._keep(target, cell)
            return target.key
        self.after.setdefault(anchor, []).append(cell.raw)
        return anchor

    def _is_elsewhere(self, place: Cell) -> bool:
        """Return whether another of the student's cells has exactly the text of a given one."""
        return any((each.source, each.kind) == (place.source, place.kind) for each in self.own)

    def _without_place(self, cell: Cell) -> None:
        """Keep a student's cell at the end, and drop a given one."""
        before = self._before(cell)
        if _is_locked(cell.raw) or not cell.source.strip() or (before is not None and before.source == cell.source):
            self.result.changes.append(Change(None, cell))
            return
        metadata = {key: value for key, value in _metadata(cell.raw).items() if key not in NBGRADERS}
        self.at_end.append(cell.raw | {"metadata": metadata})
        self.result.at_end.append(cell.name or f"cell {cell.number}")

    def _same_text(self, cell: Cell) -> Cell | None:
        alike = [each for each in self.given if not each.name and (each.source, each.kind) == (cell.source, cell.kind)]
        return next((each for each in alike if each.key not in self.seen), None)

    def _is_given(self, cell: Cell) -> bool:
        if _is_locked(cell.raw) or GIVEN_ID.fullmatch(str(cell.raw.get("id", ""))):
            return True
        return any((cell.source, cell.kind) == (each.source, each.kind) for each in (self.base or {}).values())

    def _before(self, cell: Cell) -> Cell | None:
        """Return the cell as it was in the release with which the student began."""
        return (self.base or {}).get(cell.key)

    def _keep(self, target: Cell, cell: Cell) -> None:
        """Put the student's cell in the place of a given one, with the release's metadata for it."""
        self.seen.add(target.key)
        self.made[target.key] = cell.raw | {"metadata": _marks(cell.raw, target.raw), "id": target.raw.get("id")}

    def _correct(self, target: Cell, cell: Cell) -> None:
        self.seen.add(target.key)
        self.result.changes.append(Change(target, cell))

    def _tell_new(self) -> None:
        self.result.changes += [Change(cell, None) for cell in self.given if cell.key not in self.seen]

    def _end(self, cells: list[dict]) -> list[dict]:
        if not self.at_end:
            return []
        has_heading = any(cell.get("id") == HEADING_ID for cell in cells)
        heading = {"cell_type": "markdown", "id": HEADING_ID, "metadata": {}, "source": HEADING}
        return ([] if has_heading else [heading]) + self.at_end

    def _whole(self, cells: list[dict]) -> dict:
        metadata = _metadata(self.release) | _metadata(self.mine)
        return self.mine | self.release | {"cells": _with_own_ids(cells), "metadata": metadata}


NBGRADERS = ("nbgrader", "deletable", "editable")


def _marks(own: dict, given: dict) -> dict:
    """Return a cell's metadata: the student's (folded, tagged), with nbgrader's from the release."""
    kept = {key: value for key, value in _metadata(own).items() if key not in NBGRADERS}
    return kept | _metadata(given)


def _metadata(raw: dict) -> dict:
    found = raw.get("metadata")
    return found if isinstance(found, dict) else {}


def _nbgrader(raw: dict) -> dict:
    found = _metadata(raw).get("nbgrader")
    return found if isinstance(found, dict) else {}


def _is_answer(raw: dict) -> bool:
    return bool(_nbgrader(raw).get("solution"))


def _is_locked(raw: dict) -> bool:
    return bool(_nbgrader(raw).get("locked"))


def _with_own_ids(cells: list[dict]) -> list[dict]:
    """Give each cell a unique id, as the format requires; given cells keep theirs."""
    taken: set[str] = set()
    made = []
    for cell in cells:
        wanted = cell["id"] if isinstance(cell.get("id"), str) and cell["id"] else "own"
        name, count = wanted, 1
        while name in taken:
            count += 1
            name = f"{wanted[:50]}-{count}"
        taken.add(name)
        made.append(cell | {"id": name})
    return made
