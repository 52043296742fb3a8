"""Delete grading's data of a frozen course: its record, and nbgrader's files of its students with the gradebook.

The course's own notebooks and the freeze stay. If this is interrupted, asking again deletes the rest.
"""

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from exchange.hub.database import clear_freed
from tito.errors import TitoError
from tito.gradebook.file import FILE_NAME
from tito.gradebook.frozen import frozen
from tito.gradebook.policy import ROSTER_FILE

from .queue import Queue
from .records import Base, Run
from .settings import GradingSettings

FOLDERS = ("submitted", "autograded", "feedback")
FILES = (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", f"{FILE_NAME}-journal", ROSTER_FILE)


def delete_content(settings: GradingSettings, queue: Queue, yes: bool) -> dict[str, Any]:
    """Count grading's data; with `yes`, delete it, but only of a frozen course. Repeating this finds nothing."""
    folder = settings.course_dir
    if yes and frozen(folder) is None:
        raise TitoError("the course is not frozen, so it can't be deleted: tito semester freeze")
    with Session(queue.engine) as session:
        runs = session.scalar(select(func.count()).select_from(Run)) or 0
    found = {
        "runs": runs, "gradebook": (folder / FILE_NAME).exists(), "folders": sum(map(_students, _folders(folder)))
    }  # fmt: skip
    if yes:
        _delete_files(folder)
        with Session(queue.engine) as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(delete(table))
            session.commit()
        clear_freed(queue.engine)
    return {**found, "deleted": yes}


def _folders(course_dir: Path) -> list[Path]:
    return [course_dir / name for name in FOLDERS]


def _students(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0


def _delete_files(course_dir: Path) -> None:
    for folder in _folders(course_dir):
        if folder.exists():
            shutil.rmtree(folder)
    for name in FILES:
        (course_dir / name).unlink(missing_ok=True)
