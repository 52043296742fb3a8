"""A question goes from a failing check to an answer; only its student and the staff who answer can read it."""

import threading

import pytest

from exchange.client import ExchangeClient
from exchange.protocol import scopes
from exchange.protocol.models import CourseSettings, Question, QuestionRequest, Refused
from exchange.service import failing, questions, snapshots
from tests.exchange.live import COURSE, Live
from tinytorch import reports

ASKED = QuestionRequest(
    "Why does -1 not come out even?", "infer_shape", "one -1 follows", "wrong values", "def f(): ..."
)
# Rights and limits are checked before a database is asked.
ON_ONE_DATABASE = pytest.mark.parametrize(
    "database_url", [pytest.param("sqlite", marks=pytest.mark.service)], indirect=True
)
HOSTILE = "<script>alert(1)</script>{{ 7*7 }}\u202e"


def ask(client: ExchangeClient, text: str = ASKED.text, notebook: object = None) -> Question:
    return client.ask(COURSE, "tensor", QuestionRequest(text, "infer_shape", "one -1"), notebook)  # type: ignore[arg-type]


def refused(call) -> Refused:
    with pytest.raises(Refused) as error:
        call()
    return error.value


def test_a_question_with_its_notebook_is_taken_answered_and_seen(course: Live, tmp_path) -> None:
    ada, grace = course.student("ada"), course.staff("grace")
    asked = ada.ask(COURSE, "tensor", ASKED, course.outgoing({"tensor.ipynb": HOSTILE}))
    assert (asked.student, asked.exercise, asked.check, asked.why) == (
        "ada",
        "infer_shape",
        "one -1 follows",
        "wrong values",
    )
    assert [info.path for info in asked.notebook] == ["tensor.ipynb"]
    assert [row.id for row in grace.questions(COURSE, waiting=True)] == [asked.id]
    assert grace.take_question(COURSE, asked.id).taken_by == "grace"
    grace.fetch_notebook(COURSE, asked.id, tmp_path / "n")
    assert (tmp_path / "n" / "tensor.ipynb").read_text() == HOSTILE, "byte for byte; whoever shows it makes it harmless"
    grace.answer(COURSE, asked.id, "Look at the remainder.", for_all="Why does a -1 fail?")
    (answered,) = ada.questions(COURSE)
    assert (answered.answer, answered.answered_by, answered.seen_at) == ("Look at the remainder.", "grace", None)
    assert grace.see_answer(COURSE, asked.id).seen_at is None, "only the student's own look counts"
    assert ada.see_answer(COURSE, asked.id).seen_at is not None
    assert grace.questions(COURSE, waiting=True) == []
    kinds = [event.kind for event in ada.events(COURSE)]
    assert kinds[-2:] == ["asked", "answered"]
    assert course.fsck().damage == []
    assert course.fsck().orphans == []


@ON_ONE_DATABASE
def test_another_student_reads_neither_question_nor_notebook(course: Live, tmp_path) -> None:
    asked = ask(course.student("ada"), notebook=course.outgoing({"tensor.ipynb": "mine"}))
    ben = course.student("ben")
    kernel = course.client(course.hub.kernel("grace", COURSE))  # an instructor's notebook server has no staff verbs
    elsewhere = course.client(course.hub.staff("eve", "other-course"))
    for other in (ben, kernel, elsewhere):
        calls = [
            lambda other=other: other.question(COURSE, asked.id),
            lambda other=other: other.fetch_notebook(COURSE, asked.id, tmp_path / "x"),
            lambda other=other: other.take_back(COURSE, asked.id),
            lambda other=other: other.see_answer(COURSE, asked.id),
        ]
        assert [refused(call).status for call in calls] == [404] * 4
        staff = [
            lambda other=other: other.take_question(COURSE, asked.id),
            lambda other=other: other.give_question_back(COURSE, asked.id),
            lambda other=other: other.answer(COURSE, asked.id, "no"),
        ]
        assert [refused(call).status for call in staff] == [403] * 3
    assert ben.questions(COURSE) == kernel.questions(COURSE) == []
    assert course.student("ada").question(COURSE, asked.id).answer is None


def test_an_answer_for_all_names_nobody_and_is_read_by_all(course: Live) -> None:
    grace = course.staff("grace")
    public, private = ask(course.student("ada")), ask(course.student("ben"), "I am ben")
    grace.answer(COURSE, public.id, "Draw it.", for_all="What does -1 mean?")
    grace.answer(COURSE, private.id, "See me.")
    (answer,) = course.student("chen").answers(COURSE, "tensor")
    assert vars(answer) == {
        "assignment": "tensor", "exercise": "infer_shape", "question": "What does -1 mean?", "answer": "Draw it."
    }  # fmt: skip
    grace.answer(COURSE, public.id, "Draw it.")  # no longer visible to all
    assert course.student("chen").answers(COURSE, "tensor") == []


def test_one_person_takes_a_question_at_a_time_also_when_many_try(course: Live) -> None:
    asked = ask(course.student("ada"))
    staff = [course.staff(name) for name in ("grace", "alan", "edsger", "barbara")]
    outcomes: list[object] = []

    def take(client: ExchangeClient) -> None:
        try:
            outcomes.append(client.take_question(COURSE, asked.id).taken_by)
        except Refused as error:
            outcomes.append(error.status)

    threads = [threading.Thread(target=take, args=(client,)) for client in staff]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(409) == 3
    (holder,) = [name for name in outcomes if name != 409]
    others = [
        client for client, name in zip(staff, ("grace", "alan", "edsger", "barbara"), strict=True) if name != holder
    ]
    assert holder in str(refused(lambda: others[0].answer(COURSE, asked.id, "mine")))
    others[0].give_question_back(COURSE, asked.id)
    assert course.student("ada").question(COURSE, asked.id).taken_by == holder, "nobody gives back what another has"


def test_a_question_that_was_left_lying_is_free_again(course: Live) -> None:
    course.clock.at("2026-11-19T12:00:00Z")
    asked = ask(course.student("ada"))
    grace, alan = course.staff("grace"), course.staff("alan")
    grace.take_question(COURSE, asked.id)
    course.clock.at("2026-11-19T12:00:00Z", minutes=59)
    assert refused(lambda: alan.take_question(COURSE, asked.id)).status == 409
    course.clock.at("2026-11-19T12:00:00Z", minutes=61)
    assert alan.take_question(COURSE, asked.id).taken_by == "alan"
    assert alan.give_question_back(COURSE, asked.id).taken_by is None
    grace.answer(COURSE, asked.id, "first")
    assert "answered by grace" in str(refused(lambda: alan.answer(COURSE, asked.id, "second")))
    assert grace.answer(COURSE, asked.id, "better").answer == "better"


def test_a_question_sent_again_after_a_lost_answer_is_one(course: Live) -> None:
    ada = course.student("ada")
    assert ask(ada).id == ask(ada).id
    assert ask(ada, "another").id != ask(ada).id


def test_a_student_asks_within_bounds(course: Live) -> None:
    ada = course.student("ada")
    asked = [ask(ada, f"question {number}") for number in range(questions.MOST_OPEN)]
    assert refused(lambda: ask(ada, "one more")).status == 429
    ada.take_back(COURSE, asked[0].id)
    assert ask(ada, "one more").text == "one more"
    assert refused(lambda: ada.question(COURSE, asked[0].id)).status == 404


@ON_ONE_DATABASE
def test_a_question_is_plain_text_of_some_length(course: Live) -> None:
    ada = course.student("ada")
    for text in ("", " \n", "a\x00b", "\x1b[2J"):
        assert refused(lambda text=text: ask(ada, text)).status == 422
    assert refused(lambda: ask(ada, "x" * 4001)).status == 413
    assert ada.questions(COURSE) == []


@ON_ONE_DATABASE
def test_a_notebook_that_is_refused_takes_its_question_back(course: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = course.student("ada")
    assert "tensor.ipynb" in str(refused(lambda: ask(ada, notebook=course.outgoing({"secret.txt": "x"}))))
    large = course.outgoing({"tensor.ipynb": "x" * (snapshots.LIMITS.max_file_bytes + 1)})
    assert refused(lambda: ask(ada, notebook=large)).status == 413
    monkeypatch.setattr(snapshots, "STUDENT_BYTES", 10)
    assert refused(lambda: ask(ada, notebook=course.outgoing({"tensor.ipynb": "x" * 11}))).status == 413
    assert ada.questions(COURSE) == []
    assert course.fsck().orphans == []


def test_staff_see_how_often_exercise_and_check_fail_in_the_class(course: Live) -> None:
    def ran(name: str, passed: int, **told: object) -> None:
        cell = {"exercise": "infer_shape", "checks": 2, "passed": passed, **told}
        course.student(name).report_event(COURSE, "tensor", "checked", {"cells": [cell, "forged", {"exercise": 3}]})

    this, other = failing.mark("one -1"), failing.mark("another check")
    ran("ada", 1, failed=this)
    ran("ben", 0, failed=f"{this} {other}")
    ran("ben", 2, failed=this)  # all checks passed, so none failed, whatever else the report says
    ran("chen", 1, failed=other)
    ran("dora", 0)  # a server of an earlier version, which does not name checks
    ran("eve", 0, failed=["forged"])
    asked = ask(course.student("ada"))
    (row,) = course.staff("grace").questions(COURSE, waiting=True)
    assert (row.failing, row.tried) == (4, 5)
    assert (row.check_failing, row.check_tried) == (1, 3)
    assert course.staff("grace").question(COURSE, asked.id) == row
    (own,) = course.student("ada").questions(COURSE)
    assert own == course.student("ada").question(COURSE, asked.id)
    assert (own.failing, own.tried, own.check_tried) == (0, 0, 0), "how the class stands is staff's to see"


@pytest.mark.parametrize("title", ["one -1 follows", "größer als π", "half a letter \ud83d", ""])
def test_a_check_has_one_mark_where_it_is_reported_and_where_it_is_counted(title: str) -> None:
    assert failing.mark(title) == reports.mark(title)


@ON_ONE_DATABASE
def test_a_course_may_have_no_questions(course: Live) -> None:
    with course.semester() as semester:
        semester.put_course(COURSE, CourseSettings(title="Tiny", questions=False))
    assert course.student("ada").course(COURSE).questions is False
    assert refused(lambda: ask(course.student("ada"))).status == 409


@ON_ONE_DATABASE
def test_somebody_who_collects_may_not_answer(course: Live) -> None:
    asked = ask(course.student("ada"))
    reader = course.client(course.hub.staff("hal", COURSE, verbs=[scopes.COLLECT]))
    assert refused(lambda: reader.question(COURSE, asked.id)).status == 404
    assert refused(lambda: reader.answer(COURSE, asked.id, "no")).status == 403
