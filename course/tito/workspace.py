"""The places of a student's files: notebooks, their own package, pristine releases and what tito remembers.

`$TINYTORCH_HOME` (default `~/tinytorch`) is the package; notebooks are next to it, `SLUG/SLUG.ipynb`.
"""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tito.atomic import write_atomically


@dataclass(frozen=True)
class Workspace:
    """A student's files; `package` is the folder that `$TINYTORCH_HOME` names."""

    package: Path

    @classmethod
    def here(cls) -> "Workspace":
        named = os.environ.get("TINYTORCH_HOME")
        return cls(Path(named).expanduser().absolute() if named else Path.home() / "tinytorch")

    @property
    def core(self) -> Path:
        """The student's own modules, exported."""
        return self.package / "core"

    @property
    def memory(self) -> Path:
        """What tito remembers about started and completed modules."""
        return self.package / ".tito"

    def notebook(self, slug: str) -> Path:
        return self.package.parent / slug / f"{slug}.ipynb"

    def release(self, slug: str) -> Path:
        """The pristine release, as fetched."""
        return self.package / ".releases" / slug / f"{slug}.ipynb"

    def replaced_releases(self, slug: str) -> list[Path]:
        """The releases that were fetched earlier and replaced by a corrected one."""
        return sorted((self.package / ".releases" / ".earlier" / slug).glob("*.ipynb"))

    def exported(self, slug: str) -> Path:
        return self.core / f"{slug}.py"

    def previous(self, slug: str) -> Path:
        """The export before the last one."""
        return self.memory / "previous" / f"{slug}.py"

    def copy_of(self, slug: str, moment: datetime) -> Path:
        """The place where `reset` keeps a copy of a notebook, in plain sight."""
        return self.package / "copies" / f"{slug}-{moment:%Y-%m-%d-%H%M%S}.ipynb"

    def recall(self, slug: str) -> dict:
        """Read what is remembered about a module; {} if there is nothing, or nothing readable."""
        try:
            found = json.loads((self.memory / f"{slug}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def remember(self, slug: str, **facts) -> None:
        """Add facts to what is remembered about a module."""
        text = json.dumps(self.recall(slug) | facts, indent=1) + "\n"
        write_atomically(self.memory / f"{slug}.json", text)

    def show(self, path: Path) -> str:
        """Return a path relative to the current folder if it is inside that, otherwise in full."""
        try:
            return str(path.relative_to(Path.cwd()))
        except (ValueError, OSError):  # elsewhere, or the current folder is gone
            return str(path)


def now() -> str:
    """Return the current time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
