"""Open the hints of an exercise one by one; which are open is remembered, and reported to the course.

They come from the release that was fetched, so they work without the course. Opening one costs nothing.
"""

import json
from dataclasses import dataclass

from tito.errors import TitoError
from tito.source.hints import hints_in
from tito.stuck.notes import note
from tito.workspace import Workspace

_REMEMBERED = "hints_opened"


@dataclass(frozen=True)
class Hints:
    """The hints of one exercise, and how many of them are open."""

    slug: str
    exercise: str
    texts: tuple[str, ...]
    opened: int

    @property
    def shown(self) -> tuple[str, ...]:
        return self.texts[: self.opened]

    @property
    def left(self) -> int:
        return len(self.texts) - self.opened

    def to_json(self) -> dict:
        """Show what is open, and how many there are."""
        names = {"module": self.slug, "exercise": self.exercise}
        return names | {"opened": self.opened, "of": len(self.texts), "hints": list(self.shown)}


def hints_of(workspace: Workspace, slug: str) -> dict[str, Hints]:
    """Find all hints of a module by exercise; a module that was not fetched has none."""
    opened = _opened(workspace, slug)
    try:
        release = json.loads(workspace.release(slug).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    found = {name: tuple(texts) for name, texts in hints_in(release).items() if texts}
    return {name: Hints(slug, name, texts, min(opened.get(name, 0), len(texts))) for name, texts in found.items()}


def find_hints(workspace: Workspace, slug: str, exercise: str) -> Hints:
    """Find an exercise's hints; there may be none."""
    return hints_of(workspace, slug).get(exercise) or Hints(slug, exercise, (), 0)


def open_next(workspace: Workspace, slug: str, exercise: str) -> Hints:
    """Open the next hint, if one is left; raise TitoError if that can't be remembered."""
    hints = find_hints(workspace, slug, exercise)
    if not hints.left:
        return hints
    number = hints.opened + 1
    try:
        workspace.remember(slug, **{_REMEMBERED: _opened(workspace, slug) | {exercise: number}})
    except OSError as error:
        raise TitoError(f"no hint was opened: {error.strerror or error}. Make room in your home first.") from error
    note(workspace, slug, exercise=exercise, hint=number)
    return Hints(slug, exercise, hints.texts, number)


def _opened(workspace: Workspace, slug: str) -> dict[str, int]:
    """How many are open by exercise; the file is the student's own and may contain anything."""
    found = workspace.recall(slug).get(_REMEMBERED)
    rows = found.items() if isinstance(found, dict) else ()
    return {name: count for name, count in rows if type(count) is int and count >= 0}
