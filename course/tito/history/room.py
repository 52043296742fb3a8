"""How much space all versions may take, and which are deleted first.

Submitted versions and the newest version of each module are never deleted; the others are, oldest first.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from tito.history.places import histories, modules_with_history
from tito.history.versions import History
from tito.workspace import Workspace

FULL = (errno.ENOSPC, errno.EDQUOT)
MOST_BYTES = 48 * 2**20  # all modules together, as counted in the home's limit; those never deleted may take more
BLOCK = 4096  # a file takes whole blocks


def used_bytes(workspace: Workspace) -> int:
    """Return the space that all versions take on disk."""
    return sum(_sizes(histories(workspace)))


def keep_within(workspace: Workspace, most_bytes: int = MOST_BYTES) -> None:
    """Delete the oldest versions until the rest fits."""
    used = used_bytes(workspace)
    if used > most_bytes:
        give_up(workspace, used - most_bytes)


def give_up(workspace: Workspace, wanted_bytes: int) -> int:
    """Delete the oldest versions of all modules until this much is freed; return what was, 0 if nothing is left."""
    before = used_bytes(workspace)
    for history, numbers in _oldest_first(workspace):
        history.give_up(numbers)
        if before - used_bytes(workspace) >= wanted_bytes:
            break
    return before - used_bytes(workspace)


def _oldest_first(workspace: Workspace) -> Iterator[tuple[History, set[int]]]:
    """Yield the versions that may be deleted, a tenth at a time, so that few more are deleted than necessary."""
    found = []
    for slug in modules_with_history(workspace):
        history = History(workspace, slug)
        kept = history.kept_always()
        found += [(each.saved_at, each.number, history) for each in history.versions() if each.number not in kept]
    found.sort(key=lambda each: each[:2])
    step = max(1, len(found) // 10)
    for start in range(0, len(found), step):
        some = found[start : start + step]
        for history in {each[2] for each in some}:
            yield history, {number for _, number, of in some if of is history}


def _sizes(folder: Path) -> Iterator[int]:
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # another process may thin out versions meanwhile
                yield -(-os.stat(f"{place}/{name}").st_size // BLOCK) * BLOCK  # noqa: PTH116 - thousands at each save
