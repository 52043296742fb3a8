"""What callers of nbgrader's own programs need: this Python's commands on PATH, and the errors in nbgrader's log.

nbgrader runs `alembic` by name when it creates a gradebook; its exceptions only refer to what it logged.
"""

import logging
import os
import sys
from pathlib import Path


def path_with_programs() -> str:
    """Return PATH with the folder of this Python's programs, put first if it was missing."""
    own, path = str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)
    return path if own in path.split(os.pathsep) else f"{own}{os.pathsep}{path}"


def put_programs_on_path() -> None:
    """Let this process's children find them."""
    os.environ["PATH"] = path_with_programs()


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
