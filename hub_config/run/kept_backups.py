"""Backups on a schedule: each in a folder that is called by its time, the newest kept, the last one on record.

A copy on the disk that it is a copy of is no backup: whoever calls is told so.
"""

import json
import shutil
import time
from pathlib import Path

from hub_config.run.backup import DONE, back_up
from hub_config.settings import Settings

LAST = Path("hub", "last-backup.json")  # in the Hub's folder; the home page's metrics read it
STAMP = "%Y-%m-%dT%H%M%SZ"


def make(settings: Settings, folder: Path, keep: int | None) -> tuple[Path, dict, list[Path]]:
    """Back up into `folder`, or with `keep` into a dated folder of it; return where, what was made and deleted."""
    target = folder / time.strftime(STAMP, time.gmtime()) if keep else folder
    made = back_up(settings, target)
    _record(settings, target, made)
    return target, made, delete_oldest(folder, keep) if keep else []


def _record(settings: Settings, target: Path, made: dict) -> None:
    file = settings.var / LAST
    beside = file.with_suffix(".new")
    beside.write_text(json.dumps({"made_utc": made["made_utc"], "folder": str(target)}) + "\n", "utf-8")
    beside.replace(file)


def delete_oldest(folder: Path, keep: int) -> list[Path]:
    """Delete complete backups beyond the newest `keep`; what is not complete, or not of ours, is left alone."""
    doomed = dated(folder)[:-keep]
    for each in doomed:
        shutil.rmtree(each)
    return doomed


def dated(folder: Path) -> list[Path]:
    """Return the complete backups in a folder, the oldest first."""
    return sorted(each for each in folder.iterdir() if _is_stamp(each.name) and (each / DONE).is_file())


def on_the_same_disk(settings: Settings, folder: Path) -> bool:
    """Tell whether a disk that breaks takes both."""
    return folder.stat().st_dev == settings.var.stat().st_dev


def _is_stamp(name: str) -> bool:
    try:
        time.strptime(name, STAMP)
    except ValueError:
        return False
    return True
