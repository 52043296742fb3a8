"""The parts of a notebook that go with a question: the exercise's cell, and the failing check that its test printed.

Both as they were saved; from a damaged notebook nothing can be taken, and the question goes without.
"""

import re
from dataclasses import dataclass
from unicodedata import category

from tito.history.notebook import cells_of, parse, text_of
from tito.workspace import Workspace

LONGEST_CELL, LONGEST_LINE = 20_000, 300  # characters; the exchange accepts as many
_FAILED = re.compile(r"^❌ (?P<title>.*?) {2,}[\d.]+ of [\d.]+$", re.MULTILINE)
_WHY = re.compile(r"^ {5}so +(?P<why>.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Beside:
    """What goes with a question; '' for what is not known."""

    cell: str
    check: str
    why: str


def beside(workspace: Workspace, slug: str, exercise: str) -> Beside:
    """Read the saved notebook of a module."""
    try:
        cells = {cell.name: cell for cell in cells_of(parse(workspace.notebook(slug).read_bytes()))}
    except OSError:
        return Beside("", "", "")
    solution, test = cells.get(exercise), cells.get(f"test_{exercise}")
    check, why = failing_check(_printed(test.raw)) if test else ("", "")
    return Beside(_plain(solution.source[:LONGEST_CELL]) if solution else "", _plain(check), _plain(why))


def failing_check(printed: str) -> tuple[str, str]:
    """Find title and reason of the first failed check in what a test cell printed; ('', '') if none failed."""
    failed = _FAILED.search(printed)
    if failed is None:
        return "", ""
    following = _FAILED.search(printed, failed.end())
    why = _WHY.search(printed, failed.end(), following.start() if following else len(printed))
    return failed["title"].strip()[:LONGEST_LINE], why["why"].strip()[:LONGEST_LINE] if why else ""


def _plain(text: str) -> str:
    """Replace control characters and lone surrogates, which no question may have."""
    return "".join("\ufffd" if category(c) in ("Cc", "Cs") and c not in "\n\t" else c for c in text.replace("\r", ""))


def _printed(cell: dict) -> str:
    outputs = cell.get("outputs")
    rows = [each for each in outputs if isinstance(each, dict)] if isinstance(outputs, list) else []
    return "".join(text_of(each.get("text")) for each in rows)
