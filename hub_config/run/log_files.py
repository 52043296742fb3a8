"""Logs that don't fill the disk: a long one is rotated, the last few are kept, and its writer notices nothing.

A program keeps its log open, so its content is copied and the file emptied in place: all are opened for appending.
What is written between the two steps is lost, a line or two at worst.
"""

import shutil
from itertools import pairwise
from pathlib import Path

LONGEST_BYTES = 10_000_000  # as in the containers (docker/compose.yaml)
KEPT = 2  # rotated ones: NAME.log.1 is the newest of them


def rotate_all(folder: Path, longest_bytes: int = LONGEST_BYTES) -> list[Path]:
    """Rotate each longer log in a folder and its subfolders; return which."""
    found = [log for log in folder.rglob("*.log") if log.is_file() and not log.is_symlink()]
    long = [log for log in found if log.stat().st_size > longest_bytes]
    for log in long:
        rotate(log)
    return long


def rotate(log: Path) -> None:
    """Copy a log's content aside and empty it; without room for the copy, the content is lost."""
    older = [log.with_name(f"{log.name}.{number}") for number in range(1, KEPT + 1)]
    for newer, name in reversed(list(pairwise(older))):
        if newer.exists():
            newer.replace(name)
    try:
        shutil.copy2(log, older[0])
    except OSError:
        older[0].unlink(missing_ok=True)
    with log.open("r+b") as stream:
        stream.truncate(0)
