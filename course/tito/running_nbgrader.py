"""Prepare to run nbgrader's own programs: make a gradebook, put this Python's commands on PATH, keep logged errors.

When nbgrader finds no gradebook, it runs `alembic` by name; its exceptions only refer to its log.
"""

import logging
import os
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path


def path_with_programs() -> str:
    """Return PATH with the folder of this Python's programs, put first if it was missing."""
    own, path = str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)
    return path if own in path.split(os.pathsep) else f"{own}{os.pathsep}{path}"


def put_programs_on_path() -> None:
    """Let this process's children find them."""
    os.environ["PATH"] = path_with_programs()


def begin_gradebook(url: str) -> None:
    """If there is no gradebook yet, make one that contains only the version of its schema; nbgrader adds the tables.

    When nbgrader makes it, it gets the version by running the command `alembic`, which takes seconds because that
    imports all of nbgrader again.
    """
    path = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or path.exists():
        return
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(part)) as database, database:
            database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
            database.execute(
                "INSERT INTO alembic_version VALUES (?)", [ScriptDirectory(ALEMBIC_DIR).get_current_head()]
            )
        with suppress(FileExistsError):  # another process was faster
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)


class Said(logging.Handler):
    """Keeps the errors that are logged on `logger`, to explain why something failed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []
        self.logger = logging.Logger("nbgrader", logging.WARNING)
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage().strip())

    def reason(self) -> str:
        """The first line of the first error; tracebacks follow it."""
        return self.lines[0].split("\n")[0] if self.lines else ""
