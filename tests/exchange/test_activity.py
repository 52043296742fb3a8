"""Events are added up as they arrive: with the same result as from the start, bounded, and forgotten on request."""

import json
from datetime import timedelta

import pytest

from exchange.client import ExchangeClient
from exchange.protocol.models import QuestionRequest, Refused, parse_utc, utc_text
from exchange.service import activity
from exchange.service.activity import MOST_NAMES, SESSION_SECONDS, Standing
from tests.exchange.live import COURSE, Live

# Rights are checked before a database is asked.
ON_ONE_DATABASE = pytest.mark.parametrize(
    "database_url", [pytest.param("sqlite", marks=pytest.mark.service)], indirect=True
)
BEGAN = "2026-11-19T12:00:00.000000Z"
FAILED = {"exercise": "add", "checks": 3, "passed": 1, "fault": "wrong values"}
SOLVED = {"exercise": "add", "checks": 3, "passed": 3}


def at(minutes: float) -> str:
    return utc_text(parse_utc(BEGAN) + timedelta(minutes=minutes))


def standing(*steps: tuple[float, str, object]) -> Standing:
    made = Standing()
    for minutes, kind, cells in steps:
        made.add(at(minutes), kind, {"cells": cells})
    return made


def test_time_is_that_between_events_of_one_session():
    """A pause of more than half an hour is not counted as work: the next event starts another session."""
    longest = SESSION_SECONDS / 60
    made = standing((0, "fetched", 0), (10, "checked", []), (10 + longest, "checked", []), (200, "tested", []))
    assert (made.row["seconds"], made.row["sessions"]) == ((10 + longest) * 60, 2)
    assert standing((0, "fetched", 0)).row["seconds"] == 0
    assert standing((0, "answered", 0), (1, "feedback_fetched", 0)).row == {}, "what others do is no work"


def test_an_exercise_knows_its_runs_until_it_was_solved():
    made = standing((0, "checked", [FAILED, FAILED]), (1, "checked", [SOLVED, FAILED]), (2, "checked", [{"hint": 2}]))
    add = made.exercises["add"]
    assert (add["runs"], add["runs_to_solve"], add["failed_in_a_row"], add["best"]) == (4, 3, 1, 3)
    assert add["fault"] == "wrong values"
    assert made.row["progress_at"] == at(1)
    again = standing((0, "checked", [FAILED]), (500, "checked", [FAILED]))
    assert again.row["progress_at"] == at(0), "the same fault once more is no progress"


def test_what_was_predicted_first_counts():
    told = {"prediction": "size", "right": False}
    made = standing((0, "checked", [told]), (1, "checked", [told | {"right": True}]))
    assert made.predictions == {"size": {"right": False, "at": at(0)}}


@pytest.mark.parametrize(
    "cells",
    [
        None, 7, "cells", {"exercise": "add"}, [None, 7, []], [{"exercise": 7}], [{"exercise": "a\x00b", "checks": 1}],
        [{"exercise": "add", "checks": 10**30, "passed": 1}], [{"exercise": "add", "checks": True, "passed": False}],
        [{"exercise": "add", "hint": -1}], [{"exercise": "add", "checks": 3}], [{"exercise": "x" * 5000}],
        [{"prediction": "size", "right": "yes"}], [{"exercise": "add", "checks": -3, "passed": -4}],
    ],
)  # fmt: skip
def test_a_report_that_is_something_else_counts_as_an_event_alone(cells):
    made = standing((0, "checked", cells))
    assert (made.row["events"], made.row["runs"]) == (1, 0)
    assert [each["runs"] for each in made.exercises.values()] in ([], [0])


def test_a_student_fills_so_many_rows_and_no_more():
    made = standing(*((n, "checked", [{**FAILED, "exercise": f"e{n}"}, {"prediction": f"p{n}", "right": True}])
                      for n in range(3 * MOST_NAMES)))  # fmt: skip
    assert (len(made.exercises), len(made.predictions)) == (MOST_NAMES, MOST_NAMES)


def work(course: Live, name: str = "ada") -> ExchangeClient:
    """Fetch, fail, fail again with a prediction, solve and submit, with ten minutes between steps."""
    client = course.student(name)
    client.fetch_release(COURSE, "tensor", course.folder({}))
    steps = [[FAILED], [FAILED, {"prediction": "size", "right": True}], [SOLVED, {"exercise": "mul", "hint": 1}]]
    for number, cells in enumerate(steps, 1):
        course.clock.at(BEGAN, minutes=10 * number)
        client.report_event(COURSE, "tensor", "checked", {"cells": cells})
    course.clock.at(BEGAN, minutes=40)
    course.submit(client)
    return client


def test_what_is_added_up_is_what_the_events_say(course: Live) -> None:
    """Adding up events one by one or all at once gives the same rows; staff read the same as the student."""
    ada = work(course)
    own = ada.activity(COURSE)
    (module,) = own.modules
    assert (module.events, module.seconds, module.sessions, module.runs) == (5, 2400, 1, 3)
    assert (module.fetched_at, module.completed_at, module.submitted_at) == (BEGAN, None, at(40))
    assert [(e.exercise, e.runs, e.runs_to_solve, e.hints) for e in own.exercises] == [
        ("add", 3, 3, 0),
        ("mul", 0, None, 1),
    ]
    assert [(p.name, p.right) for p in own.predictions] == [("size", True)]
    assert course.staff().activity(COURSE, "tensor", "ada") == own
    with course.service.database.write() as connection:
        activity.rebuild(connection)
    assert ada.activity(COURSE) == own


@ON_ONE_DATABASE
def test_a_student_sees_their_own_alone(course: Live) -> None:
    work(course)
    ben = course.student("ben")
    assert ben.activity(COURSE).modules == []
    with pytest.raises(Refused) as refused:
        ben.activity(COURSE, student="ada")
    assert refused.value.status == 403
    for client in (ben, course.staff()):
        with pytest.raises(Refused) as refused:
            client.forget(COURSE, student="ada", yes=True)
        assert refused.value.status == 403


def test_a_class_reads_few_rows_however_often_somebody_tests(course: Live) -> None:
    """Staff get one row for each student and assignment, with the last test run's result until it is completed."""
    ada, ben = work(course), course.student("ben")
    for points in (3, 5):
        ben.report_event(COURSE, "tensor", "tested", {"points": points})
    said = course.staff().steps(COURSE)
    assert [(row.student, row.tests, row.last_test) for row in said.steps] == [
        ("ada", 0, {}),
        ("ben", 2, {"points": 5}),
    ]
    assert [(row.exercise, row.students) for row in said.hints] == [("mul", {"ada": 1})]
    ben.report_event(COURSE, "tensor", "completed", {})
    assert [row.last_test for row in course.staff().steps(COURSE).steps] == [{}, {}]
    with pytest.raises(Refused) as refused:
        ada.steps(COURSE)
    assert refused.value.status == 403


@ON_ONE_DATABASE
def test_exercises_at_which_somebody_fails_again_and_again(course: Live) -> None:
    ben = course.student("ben")
    for _ in range(4):
        ben.report_event(COURSE, "tensor", "checked", {"cells": [FAILED]})
    found = course.staff().activity(COURSE, failing=4)
    assert [(e.student, e.failed_in_a_row, e.fault) for e in found.exercises] == [("ben", 4, "wrong values")]
    assert course.staff().activity(COURSE, failing=5).exercises == []


def test_a_student_is_forgotten_and_what_they_handed_in_stays(course: Live) -> None:
    ada, semester = work(course), course.semester()
    ben = work(course, "ben")
    ada.ask(COURSE, "tensor", QuestionRequest("Why?", "add"), course.outgoing({"tensor.ipynb": "mine"}))
    for_all = ada.ask(COURSE, "tensor", QuestionRequest("ada asks: why?", "add"))
    grace = course.staff()
    grace.take_question(COURSE, for_all.id)
    grace.answer(COURSE, for_all.id, "Because.", for_all="Why does it?")
    before = ben.activity(COURSE)
    plan = semester.forget(COURSE, student="ada")
    assert (plan.events, plan.activity, plan.questions, plan.done) == (8, 4, 2, False)
    assert ada.activity(COURSE).modules, "a plan changes nothing"
    assert semester.forget(COURSE, student="ada", yes=True) == type(plan)(8, 4, 2, True)
    assert (ada.activity(COURSE).modules, ada.events(COURSE), ada.questions(COURSE)) == ([], [], [])
    assert len(ada.submissions(COURSE)) == 1
    assert ben.activity(COURSE) == before
    assert [row.answer for row in grace.answers(COURSE, "tensor")] == ["Because."]
    assert "ada asks" not in json.dumps([vars(row) for row in grace.questions(COURSE)], default=str)
    assert semester.forget(COURSE, student="ada", yes=True) == type(plan)(0, 0, 0, True), "once more changes nothing"
    assert [row.subject for row in semester.audit(COURSE) if row.verb == "forget"] == ["ada", "ada"]


@ON_ONE_DATABASE
def test_events_before_a_time_are_forgotten(course: Live) -> None:
    ada, semester = work(course), course.semester()
    assert semester.forget(COURSE, before=at(25), yes=True).events == 3
    assert [event.kind for event in ada.events(COURSE)] == ["checked", "submitted"]
    (module,) = ada.activity(COURSE).modules
    assert (module.seconds, module.fetched_at) == (600, None)
    for wrong in ({}, {"before": at(1), "student": "ada"}, {"before": "yesterday"}):
        with pytest.raises(Refused) as refused:
            semester.forget(COURSE, **wrong)
        assert refused.value.status == 422
