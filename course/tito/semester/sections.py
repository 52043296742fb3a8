"""Check that a semester's sections and conflicts match its staff and its roster."""

from collections.abc import Iterable, Iterator

from tito.semester.document import Document
from tito.semester.model import Semester
from tito.semester.problems import Problem, choose
from tito.semester.roster import Student


def sections_of(students: Iterable[Student]) -> list[str]:
    """Return the sections of a roster by name."""
    return sorted({student.section for student in students if student.section})


def problems(semester: Semester, students: Iterable[Student], document: Document) -> Iterator[Problem]:
    """Yield what is wrong with `sections` and `conflicts`."""
    students = list(students)
    known, staff = sections_of(students), [*semester.staff.tas, *semester.staff.instructors]
    for section, readers in semester.sections.items():
        if section not in known:
            rule = "is not the section of any student on the roster"
            yield document.problem(("sections", section), section, rule, choose(section, known))
        for index, name in enumerate(readers):
            if name not in staff:
                rule = "is not on the staff"
                yield document.problem(("sections", section, index), name, rule, choose(name, staff))
    yield from _conflicts(semester, {student.username for student in students}, staff, document)


def _conflicts(semester: Semester, names: set[str], staff: list[str], document: Document) -> Iterator[Problem]:
    for index, each in enumerate(semester.conflicts):
        path = ("conflicts", index)
        if each.grader not in staff:
            rule = "is not on the staff"
            yield document.problem((*path, "grader"), each.grader, rule, choose(each.grader, staff))
        if each.student not in names:
            remedy = choose(each.student, sorted(names))
            yield document.problem((*path, "student"), each.student, "is not on the roster", remedy)


def warnings(semester: Semester, students: Iterable[Student], document: Document) -> Iterator[Problem]:
    """Yield the sections that nobody reads, if the semester says who reads any."""
    if not semester.sections:
        return
    students = list(students)
    unread = [section for section in sections_of(students) if not semester.sections.get(section)]
    if unread:
        yield document.problem(("sections",), ", ".join(unread), "have no reader", "add `SECTION: [NAME]` for each")
    if without := [student.username for student in students if not student.section]:
        shown = ", ".join(without[:10]) + (", ..." if len(without) > 10 else "")
        remedy = "give them one on the roster; until then, only staff who read all sections see them"
        yield document.problem(("sections",), shown, "are in no section", remedy)
