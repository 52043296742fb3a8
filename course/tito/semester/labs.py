"""When a section meets, and for whom servers are started a few minutes before."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tito.semester.document import Document
from tito.semester.model import Lab, Semester
from tito.semester.problems import Problem, choose
from tito.semester.roster import Student
from tito.semester.sections import sections_of


class Meeting(NamedTuple):
    """One lab of one section ("" is everybody), and from when on its servers are started."""

    at: datetime
    ahead: datetime
    section: str

    def has(self, student: Student) -> bool:
        """Tell whether a student is expected."""
        return self.section in ("", student.section)


def meetings(semester: Semester) -> list[Meeting]:
    """Return all labs of a semester by time."""
    return sorted(meeting for lab in semester.labs for meeting in _of(lab, semester))


def _of(lab: Lab, semester: Semester) -> Iterator[Meeting]:
    """Yield a lab's meetings: each a week after the one before, at the same local time."""
    first = lab.first.astimezone(semester.zone)
    for week in range(lab.weeks):
        at = (first + timedelta(weeks=week)).astimezone(UTC)
        if at.astimezone(semester.zone).date() not in lab.without:
            yield Meeting(at, at - timedelta(minutes=lab.minutes_ahead), lab.section)


def beginning(semester: Semester, now: datetime) -> list[Meeting]:
    """Return the labs whose servers should be running by now: from some minutes ahead until they begin."""
    return [meeting for meeting in meetings(semester) if meeting.ahead <= now < meeting.at]


def problems(semester: Semester, students: Iterable[Student], document: Document) -> Iterator[Problem]:
    """Yield the labs of sections that nobody is in."""
    known = sections_of(students)
    for index, lab in enumerate(semester.labs):
        if lab.section and lab.section not in known:
            rule, remedy = "is not the section of any student on the roster", choose(lab.section, known)
            yield document.problem(("labs", index, "section"), lab.section, rule, remedy)


def warnings(semester: Semester, document: Document) -> Iterator[Problem]:
    """Yield days in `without` on which there is no lab anyway: a mistyped holiday."""
    for index, lab in enumerate(semester.labs):
        every_week = {meeting.at.astimezone(semester.zone).date() for meeting in _of(_without_none(lab), semester)}
        for place, day in enumerate(lab.without):
            if day not in every_week:
                rule, remedy = "is not a day of this lab", "write the date of a meeting that does not take place"
                yield document.problem(("labs", index, "without", place), day.isoformat(), rule, remedy)


def _without_none(lab: Lab) -> Lab:
    return lab.model_copy(update={"without": []})
