"""Deleting a frozen course removes its people's data, but not the record of the deletion, and no other course's."""

import pytest
from sqlalchemy import select

from exchange.protocol.models import QuestionRequest, Refused
from exchange.service.deleting import OF_THE_COURSE
from exchange.service.tables import metadata
from tests.exchange.live import COURSE, Live

OTHER = "other-2026"


@pytest.fixture
def two_courses(course: Live) -> Live:
    """Two courses with work, feedback and a question in each; the first is frozen."""
    course.open_course(OTHER)
    for name in (COURSE, OTHER):
        ada, staff = course.student("ada", name), course.staff("grace", name)
        receipt = ada.submit(name, "tensor", course.outgoing({"tensor.ipynb": name})).receipt
        staff.put_feedback(name, receipt.submission, course.folder({"tensor.html": "well done"}))
        ada.report_event(name, "tensor", "tested", {})
        ada.ask(name, "tensor", QuestionRequest(exercise="add", text="why?"), course.outgoing({"tensor.ipynb": "?"}))
    course.semester().freeze(COURSE)
    return course


def rows(live: Live) -> dict[str, list[str]]:
    """Return every row of every table, as text."""
    with live.service.database.read() as connection:
        return {t.name: [str(tuple(row)) for row in connection.execute(select(t))] for t in metadata.sorted_tables}


def test_everything_of_the_course_goes_and_nothing_of_another(two_courses: Live) -> None:
    semester, before = two_courses.semester(), rows(two_courses)
    counted = semester.delete_content(COURSE, yes=False)
    assert (counted.submissions, counted.students, counted.feedback, counted.questions) == (1, 1, 1, 1)
    assert rows(two_courses) == before
    assert semester.delete_content(COURSE, yes=True, why="archived").deleted
    after = rows(two_courses)
    left = {name: [row for row in found if COURSE in row] for name, found in after.items()}
    assert {name: len(found) for name, found in left.items() if found} == {"courses": 1, "freezes": 1, "audit": 2}
    assert not any("ada" in row for row in left["audit"])
    for table in OF_THE_COURSE:
        assert [row for row in before[table.name] if OTHER in row] == after[table.name]
    report = two_courses.fsck()
    assert (report.damage, report.orphans) == ([], [])
    two_courses.student("ada", OTHER).fetch_files(OTHER, two_courses.staff("grace", OTHER).all_submissions(OTHER)[0].id,
                                                  two_courses.scratch / "kept")  # fmt: skip


def test_a_deletion_may_be_asked_for_again_and_the_course_stays_closed(two_courses: Live) -> None:
    semester = two_courses.semester()
    semester.delete_content(COURSE, yes=True)
    assert semester.delete_content(COURSE, yes=True).submissions == 0
    with pytest.raises(Refused, match="is over"):
        semester.release(COURSE, "tensor", two_courses.folder({"tensor.ipynb": "{}"}))


def test_a_course_that_is_not_frozen_is_not_deleted_and_staff_may_not(two_courses: Live) -> None:
    with pytest.raises(Refused, match="is not frozen: freeze it first"):
        two_courses.semester().delete_content(OTHER, yes=True)
    with pytest.raises(Refused) as refused:
        two_courses.student("ada").delete_content(COURSE, yes=True)
    assert refused.value.status == 403


def test_blobs_that_a_sudden_end_left_are_found_as_orphans(two_courses: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = two_courses.service.blobs

    def end(key: str) -> None:
        raise OSError("the machine went off")

    with monkeypatch.context() as cut:
        cut.setattr(blobs, "delete", end)
        with pytest.raises(Refused):
            two_courses.semester().delete_content(COURSE, yes=True)
    assert two_courses.semester().delete_content(COURSE, yes=False).submissions == 0
    report = two_courses.fsck()
    assert (report.damage, len(report.orphans)) == ([], 4)
