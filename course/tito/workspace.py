"""Where a student's things are: notebooks, the package of her own, pristine releases and what tito remembers.

`$TINYTORCH_HOME` (default `~/tinytorch`) is the package; notebooks lie beside it, `SLUG/SLUG.ipynb`.
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
        """What tito remembers of started and completed modules."""
        return self.package / ".tito"

    def notebook(self, slug: str) -> Path:
        return self.package.parent / slug / f"{slug}.ipynb"

    def release(self, slug: str) -> Path:
        """The pristine release, as fetched."""
        return self.package / ".releases" / slug / f"{slug}.ipynb"

    def replaced_releases(self, slug: str) -> list[Path]:
        """The releases that were fetched before a corrected one took their place."""
        return sorted((self.package / ".releases" / ".earlier" / slug).glob("*.ipynb"))

    def exported(self, slug: str) -> Path:
        return self.core / f"{slug}.py"

    def previous(self, slug: str) -> Path:
        """The export before the last one."""
        return self.memory / "previous" / f"{slug}.py"

    def copy_of(self, slug: str, moment: datetime) -> Path:
        """Where `reset` keeps a notebook, in plain sight."""
        return self.package / "copies" / f"{slug}-{moment:%Y-%m-%d-%H%M%S}.ipynb"

    def recall(self, slug: str) -> dict:
        """Read what is remembered of a module; nothing, or nothing readable, is an empty dict."""
        try:
            found = json.loads((self.memory / f"{slug}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def remember(self, slug: str, **facts) -> None:
        """Add facts to what is remembered of a module."""
        text = json.dumps(self.recall(slug) | facts, indent=1) + "\n"
        write_atomically(self.memory / f"{slug}.json", text)

    def show(self, path: Path) -> str:
        """Write a path so that it opens from the current folder; one that lies elsewhere in full."""
        try:
            return str(path.relative_to(Path.cwd()))
        except (ValueError, OSError):  # elsewhere, or the current folder is gone
            return str(path)


def now() -> str:
    """Return the present moment in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
