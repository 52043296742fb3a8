"""Folders that survive a power cut: a name is on disk once the folder that contains it has been synced."""

import os
from pathlib import Path


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it, each with its name on disk; an existing one may be only a moment old."""
    if not folder.parent.exists():
        make_folder(folder.parent)
    folder.mkdir(mode=mode, exist_ok=True)
    if os.access(folder.parent, os.R_OK):  # whoever may not read it has made nothing in it
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Write the names in a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
