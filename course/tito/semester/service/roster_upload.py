"""A class list that somebody uploads: how it is read, and how it replaces the roster's file.

Promises: nothing is written before a plan was seen and its losses confirmed; a file that somebody else changed since
the plan was made is left alone; the previous roster is kept next to the new one.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from tito.atomic import write_atomically
from tito.errors import TitoError
from tito.semester.read import Sources

BEFORE = ".before"  # added to the name of the previous roster


@dataclass(frozen=True)
class Target:
    """The roster's file, and the semester that it would make with other students."""

    semester: str
    file: Path
    path: Path

    @classmethod
    def of(cls, file: Path) -> "Target":
        """Return the target of a semester file; the roster that it names may be damaged or missing."""
        text, path = Sources.places(file)
        return cls(text, file, path)

    @property
    def seen(self) -> str:
        """Return a digest of both files as they are now, so that a later change is noticed."""
        there = self.path.read_bytes() if self.path.is_file() else b""
        return hashlib.sha256(self.semester.encode() + b"\0" + there).hexdigest()

    def with_roster(self, roster: str) -> Sources:
        """Return the semester as it would be."""
        return Sources(self.semester, roster, str(self.file), str(self.path))

    def check(self, seen: str = "") -> None:
        """Raise TitoError if the file can't be replaced, or is not the one that was `seen`."""
        if self.path.suffix.lower() != ".csv":
            raise TitoError(
                f"the semester file names {self.path.name} as its roster, but an upload becomes a CSV file: write "
                f"`roster: {self.path.stem}.csv` there"
            )
        if seen and seen != self.seen:
            raise TitoError(
                "the roster or the semester file has changed since the plan was made: upload the list again"
            )
        if not os.access(self.path.parent, os.W_OK) or (self.path.exists() and not os.access(self.path, os.W_OK)):
            raise TitoError(
                f"this service can't write {self.path}: write it on that machine with `tito semester roster "
                "LIST --output ROSTER`"
            )

    def replace(self, roster: str) -> None:
        """Write the roster, and keep the previous one."""
        if self.path.is_file():
            write_atomically(self.path.with_name(self.path.name + BEFORE), self.path.read_bytes())
        write_atomically(self.path, roster)
