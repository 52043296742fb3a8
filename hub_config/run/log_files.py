"""Logs that don't fill the disk: a long one is put aside, the last few are kept, and its writer notices nothing.

A program keeps its log open, so its content is copied and the file emptied in place: all of them are opened to append.
What is written between the two is lost, a line or two at worst.
"""

import shutil
from itertools import pairwise
from pathlib import Path

LONGEST_BYTES = 10_000_000  # as in the containers (docker/compose.yaml)
KEPT = 2  # older ones: NAME.log.1 is the newest of them


def rotate_all(folder: Path, longest_bytes: int = LONGEST_BYTES) -> list[Path]:
    """Put aside each log of a folder, and of those in it, that is longer; return which."""
    found = [log for log in folder.rglob("*.log") if log.is_file() and not log.is_symlink()]
    long = [log for log in found if log.stat().st_size > longest_bytes]
    for log in long:
        rotate(log)
    return long


def rotate(log: Path) -> None:
    """Put a log's content aside and empty it; a disk without room for a copy loses the content, not the disk."""
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
