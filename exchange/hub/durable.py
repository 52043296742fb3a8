"""Folders that a power cut does not take away: a name is on disk once the folder that it stands in was synced."""

import os
from pathlib import Path


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it, each with its name on disk; one that is there may be from a moment ago."""
    if not folder.parent.exists():
        make_folder(folder.parent)
    folder.mkdir(mode=mode, exist_ok=True)
    if os.access(folder.parent, os.R_OK):  # who may not read it has not made anything in it
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Let the names in a folder be on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
