"""Late days: students spend a semester's budget themselves; lateness, receipts and closing times allow for them."""

import pytest

from exchange.protocol.models import AssignmentSettings, CourseSettings, Extension, Refused
from tests.exchange.live import COURSE, Live, later

DUE = "2026-11-20T12:00:00.000000Z"


@pytest.fixture
def course(course: Live) -> Live:
    """A course in which each student has three late days, at most two of them for one assignment."""
    semester = course.semester()
    semester.put_course(COURSE, CourseSettings(title="A course", late_days=3))
    for name in ("tensor", "layers"):
        given = AssignmentSettings(due_at=DUE, grace_seconds=600, late_seconds=86400, late_days=2)
        semester.put_assignment(COURSE, name, given)
    semester.release(COURSE, "layers", course.folder({"layers.ipynb": "{}"}))
    return course


def test_a_day_moves_ones_own_due_time_and_what_counts_from_it(course: Live) -> None:
    ada, bob = course.student("ada"), course.student("bob")
    now = ada.spend_late_days(COURSE, "tensor", 1)
    assert (now.late_days, now.late_days_most, now.due_at) == (1, 2, later(DUE, days=1))
    assert now.closes_at == later(DUE, days=2)
    course.clock.at(DUE, hours=20)
    mine, others = course.submit(ada).receipt, course.submit(bob).receipt
    assert (mine.due_at, mine.late, others.late) == (later(DUE, days=1), False, True)
    assert [row.late for row in course.staff().all_submissions(COURSE, "tensor")] == [False, True]
    course.clock.at(DUE, hours=47)
    assert course.submit(ada, "again").receipt.lateness_seconds == 23 * 3600
    with pytest.raises(Refused, match="closed at"):
        course.submit(bob, "again")


def test_a_day_also_saves_work_that_was_late_and_then_stays_spent(course: Live) -> None:
    ada = course.student("ada")
    course.clock.at(DUE, hours=3)
    assert course.submit(ada).receipt.late
    ada.spend_late_days(COURSE, "tensor", 2)
    assert [row.late for row in ada.submissions(COURSE)] == [False]
    assert ada.spend_late_days(COURSE, "tensor", 1).late_days == 1
    with pytest.raises(Refused, match="a submission needs the late day that you want to take back") as refused:
        ada.spend_late_days(COURSE, "tensor", 0)
    assert refused.value.status == 409
    assert [(each.student, each.assignment, each.days) for each in course.staff().late_days(COURSE)] == [
        ("ada", "tensor", 1)
    ]


def test_there_are_so_many_for_the_semester_and_so_many_for_one_module(course: Live) -> None:
    ada = course.student("ada")
    ada.spend_late_days(COURSE, "tensor", 2)
    with pytest.raises(Refused, match=r"you can spend at most 2 late day\(s\) on tensor: 3"):
        ada.spend_late_days(COURSE, "tensor", 3)
    with pytest.raises(Refused, match=r"you have only 1 late day\(s\) left for layers: 2; take some back"):
        ada.spend_late_days(COURSE, "layers", 2)
    with pytest.raises(Refused, match="the number of late days can't be negative"):
        ada.spend_late_days(COURSE, "layers", -1)
    ada.spend_late_days(COURSE, "tensor", 0)
    assert ada.spend_late_days(COURSE, "layers", 2).late_days == 2
    assert course.student("bob").spend_late_days(COURSE, "tensor", 2).late_days == 2


def test_an_extension_and_late_days_add_up(course: Live) -> None:
    course.staff().put_extension(COURSE, "tensor", "ada", Extension(due_at=later(DUE, days=3)))
    ada = course.student("ada")
    assert ada.spend_late_days(COURSE, "tensor", 1).due_at == later(DUE, days=4)
    course.staff().delete_extension(COURSE, "tensor", "ada")
    assert ada.assignment(COURSE, "tensor").due_at == later(DUE, days=1)


def test_none_are_spent_once_the_module_is_closed_and_nobody_has_the_solution_before(course: Live) -> None:
    course.staff().put_solution(COURSE, "tensor", course.folder({"core/tensor.py": "x"}))
    ada, bob = course.student("ada"), course.student("bob")
    ada.spend_late_days(COURSE, "tensor", 1)
    course.clock.at(DUE, hours=25)
    with pytest.raises(Refused, match="late days can be spent only until an assignment closes"):
        bob.spend_late_days(COURSE, "tensor", 1)
    with pytest.raises(Refused, match="available only when nobody can submit any more"):
        bob.unlock(COURSE, "tensor")
    course.clock.at(DUE, hours=49)
    assert bob.unlock(COURSE, "tensor").granted


def test_they_are_the_students_own(course: Live) -> None:
    with pytest.raises(Refused, match=f"only students of {COURSE} can do this"):
        course.staff().spend_late_days(COURSE, "tensor", 1)
    with pytest.raises(Refused, match="custom:exchange:extend"):
        course.student("ada").late_days(COURSE)
