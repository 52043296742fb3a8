"""Keep the notebook that is on disk: a save, a command or a server calls this before and after it changes one.

Promise: it never gets in the way. In a full home, the oldest versions make room for the newest; if there are none, no
version is kept, and the caller's own work goes on.
"""

from datetime import datetime
from pathlib import Path

from tito.errors import TitoError
from tito.history.places import module_of
from tito.history.room import FULL, give_up, keep_within
from tito.history.versions import History, Version
from tito.workspace import Workspace

AT_ONCE_BYTES = 2**20  # freed for a version for which there is no room


def keep_file(workspace: Workspace, path: str, why: str, now: datetime | None = None) -> Version | None:
    """Keep a module's notebook, given its path below the home; None if there is nothing to keep, or no room."""
    slug = module_of(workspace, path)
    file = workspace.package.parent / path
    if not slug or not file.is_file():
        return None
    try:
        return _kept(workspace, slug, file.read_bytes(), path, why, now)
    except (OSError, TitoError):
        return None


def keep_notebook(workspace: Workspace, slug: str, why: str) -> Version | None:
    """Keep the notebook of a module as it is now."""
    return keep_file(workspace, shown(workspace, workspace.notebook(slug)), why)


def shown(workspace: Workspace, path: Path) -> str:
    """Write a path below the home."""
    return path.relative_to(workspace.package.parent).as_posix()


def _kept(workspace: Workspace, slug: str, data: bytes, path: str, why: str, now: datetime | None) -> Version:
    while True:
        try:
            version = History(workspace, slug).keep(data, path, why, now)
            keep_within(workspace)
            return version
        except OSError as error:
            if error.errno not in FULL or not give_up(workspace, AT_ONCE_BYTES):
                raise
