"""The semesters that come with the course, and copies of them with a demo class that have just begun.

`E2E_SEMESTERS=all` adds the tests that take minutes for each of the four; `E2E_SEMESTERS=2027-fall` only that one's.
"""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tito.curriculum import load_curriculum
from tito.semester.read import Valid, read

from tests.e2e.hub import CHECKOUT, ROSTER

SEMESTERS = {path.stem: path for path in sorted((CHECKOUT / "course" / "semesters").glob("20*.yaml"))}
# What a class may want to build, and the file for it.
FOUR = {"foundation": "2026-fall", "two tiers": "2027-spring", "optimization": "2027-fall", "all": "2028-29"}
CHOSEN = os.environ.get("E2E_SEMESTERS", "")
ASKED_FOR = [name for name in FOUR.values() if CHOSEN == "all" or name in CHOSEN.split(",")]
DATES = re.compile(r"\{release: .*?, due: .*?\}")


def with_a_demo_class(path: Path, folder: Path) -> Path:
    """Write a copy of a semester in which everything has been open since yesterday, for ada, ben and chen."""
    today = datetime.now(UTC)
    release, due = (f"{today + timedelta(days=days):%Y-%m-%d} 00:00" for days in (-1, 7))
    text = DATES.sub(f"{{release: {release}, due: {due}}}", path.read_text(encoding="utf-8").split("\nextensions:")[0])
    folder.mkdir(parents=True)
    (folder / "roster.csv").write_text(ROSTER)
    written = folder / path.name
    written.write_text(re.sub(r"(?m)^roster: .*", "roster: roster.csv", text) + "\n")
    return written


def valid(path: Path) -> Valid:
    return read(path, load_curriculum(CHECKOUT / "course"))
