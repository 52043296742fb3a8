"""What is compared: the collected attempts of this semester, and those that earlier ones left in `earlier/SEMESTER`.

An earlier semester is its course folder's `submitted`, copied or linked to COURSE_DIR/earlier/NAME.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from exchange.protocol.models import Refused
from tito.gradebook.policy import roster
from tito.judge.read import NoSubmission, read_submission

from .settings import GradingSettings

SUBMITTED, EARLIER, RELEASE, SOURCE = "submitted", "earlier", "release", "source"
Author = tuple[str, str]  # earlier semester or "", student


def earlier_semesters(settings: GradingSettings) -> list[str]:
    """Name the earlier semesters that are there to compare with."""
    return _folders(settings.course_dir / EARLIER)


def authors(settings: GradingSettings, module: str) -> list[Author]:
    """List whose attempts at a module are there: this semester's class, and everybody of earlier ones."""
    members = roster(settings.course_dir)
    now = [name for name in _folders(settings.course_dir / SUBMITTED) if members is None or name in members]
    found = [("", name) for name in now]
    for semester in earlier_semesters(settings):
        found += [(semester, name) for name in _folders(settings.course_dir / EARLIER / semester)]
    return [author for author in found if _folder(settings, module, author).is_dir()]


def answers_of(
    settings: GradingSettings, module: str, author: Author, exercises: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Yield exercise and text of an author's answers, as far as their notebook can be read."""
    try:
        cells = cells_of(_folder(settings, module, author), module)
    except NoSubmission:
        return
    yield from ((name, cells[name]) for name in exercises if name in cells)


def text_of(settings: GradingSettings, module: str, author: Author, exercise: str) -> str:
    """Return one answer; Refused if it is no longer there."""
    for _, text in answers_of(settings, module, author, [exercise]):
        return text
    whose = " ".join(part for part in author if part)
    raise Refused(f"{exercise} of {whose} is no longer there", "", "compare the module again", 404)


def cells_of(folder: Path, module: str) -> dict[str, str]:
    """Return the code cells of a notebook that have names, by name."""
    return {
        cell.name: cell.source for cell in read_submission(folder, module).cells if cell.name and cell.kind == "code"
    }


def _folder(settings: GradingSettings, module: str, author: Author) -> Path:
    semester, student = author
    place = settings.course_dir / EARLIER / semester if semester else settings.course_dir / SUBMITTED
    return place / student / module


def _folders(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir() if path.is_dir()) if place.is_dir() else []
