"""Merge a corrected release into a student's notebook on disk; the old notebook is kept first, so it can be undone.

If the notebook can't be read, the answers come from the newest readable version in the history.
"""

from dataclasses import dataclass
from pathlib import Path

from tito.atomic import write_atomically
from tito.errors import TitoError
from tito.history.keeping import keep_notebook
from tito.history.notebook import cells_of, parse, written
from tito.history.updating import Updated, updated
from tito.history.versions import History, Version
from tito.workspace import Workspace


@dataclass(frozen=True)
class Correction:
    """What an update would do: the merged notebook, and which version has the answers if the file can't be read."""

    updated: Updated
    damaged: bool = False
    version: Version | None = None

    @property
    def is_needed(self) -> bool:
        return self.damaged or self.updated.is_needed


def plan_correction(workspace: Workspace, slug: str) -> Correction:
    """Return what the newest release here would change in the notebook; raise TitoError if one of them is missing."""
    target, release = workspace.notebook(slug), _read(workspace.release(slug))
    if release is None:
        raise TitoError(
            f"the release of {slug} is missing: 'tito fetch {slug}' fetches it once the course has released it."
        )
    if not target.is_file():
        raise TitoError(f"{target.name} is missing: 'tito module start {slug}' puts it there.")
    mine = _read(target)
    if mine is not None:
        return Correction(updated(mine, release, _releases(workspace, slug, mine, release)))
    version, then = _newest_readable(workspace, slug)
    merged = updated(then, release, _releases(workspace, slug, then, release)) if then else Updated(release)
    return Correction(merged, True, version)


def take_correction(workspace: Workspace, slug: str, correction: Correction) -> Version:
    """Write the notebook; return the version to restore if that was a mistake."""
    target = workspace.notebook(slug)
    undo = keep_notebook(workspace, slug, "before a correction")
    if undo is None:
        raise TitoError(f"no copy of {target.name} could be kept first, so nothing was changed: is your home full?")
    write_atomically(target, written(correction.updated.notebook))
    keep_notebook(workspace, slug, "corrected by the course")
    return undo


def _read(path: Path) -> dict | None:
    return parse(path.read_bytes()) if path.is_file() else None


def _newest_readable(workspace: Workspace, slug: str) -> tuple[Version | None, dict | None]:
    history = History(workspace, slug)
    for version in reversed(history.versions()):
        if notebook := _read_version(history, version):
            return version, notebook
    return None, None


def _read_version(history: History, version: Version) -> dict | None:
    try:
        return parse(history.read(version))
    except TitoError:
        return None


def _releases(workspace: Workspace, slug: str, mine: dict, release: dict) -> list[dict]:
    """List the releases from which a notebook may have been made: those that were replaced, and the current one.

    If no replaced one was kept, the current one counts only if the notebook has its tests; else an earlier one made it.
    """
    kept = [found for path in workspace.replaced_releases(slug) if (found := _read(path))]
    return [*kept, release] if kept or _tests(release) <= _tests(mine) else []


def _tests(notebook: dict) -> set[tuple[str, str]]:
    return {(cell.name, cell.source) for cell in cells_of(notebook) if cell.name.startswith("test_")}
