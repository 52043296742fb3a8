"""Backups on a schedule: each in a folder named by its time; the newest are kept, and the last one is recorded.

A copy on the same disk as the original is not a backup: the caller is warned.
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
    """Back up into `folder`, or with `keep` into a dated subfolder; return where, what was made, what was deleted."""
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
    """Delete complete backups beyond the newest `keep`; incomplete ones and other folders are left alone."""
    doomed = dated(folder)[:-keep]
    for each in doomed:
        shutil.rmtree(each)
    return doomed


def dated(folder: Path) -> list[Path]:
    """Return the complete backups in a folder, the oldest first."""
    return sorted(each for each in folder.iterdir() if _is_stamp(each.name) and (each / DONE).is_file())


def on_the_same_disk(settings: Settings, folder: Path) -> bool:
    """Tell whether one broken disk would lose both."""
    return folder.stat().st_dev == settings.var.stat().st_dev


def _is_stamp(name: str) -> bool:
    try:
        time.strptime(name, STAMP)
    except ValueError:
        return False
    return True
