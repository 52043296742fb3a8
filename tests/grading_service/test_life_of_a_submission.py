"""A submission goes through the real exchange, the grading service and back, with each person's own token."""

import csv

import httpx
import pytest
from nbgrader.api import Gradebook
from tito.gradebook.file import gradebook_url
from tito.gradebook.lock import gradebook_lock
from tito.gradebook.table import export_table
from tito.student.exchange_door import describe_result

from exchange.client import ExchangeClient
from exchange.client.transfer import pack
from exchange.protocol.models import AssignmentSettings, CourseSettings, QuestionRequest
from tests.formgrader.local_hub import COURSE
from tests.grading_service.place import GOOD, SLUG, WRONG, answered, hub_on_small_course
from tests.harness.plain import PLAIN

pytestmark = pytest.mark.service


class Caller:
    """The grading API, called with one person's token."""

    def __init__(self, hub, token: str):
        headers = {"Authorization": f"token {token}"}
        self.http = httpx.Client(base_url=f"{hub.service_url('grading')}/api/v1/", headers=headers, timeout=30, **PLAIN)

    def get(self, path: str):
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A Hub for this file alone: its tests count everything in it and kill its services."""
    with hub_on_small_course(tmp_path_factory.mktemp("life")) as running:
        yield running


@pytest.fixture(scope="module")
def people(hub):
    return {name: hub.token(name) for name in ("ada", "ben", "cleo", "tom", "ida")}


@pytest.fixture(scope="module")
def call(hub, people):
    tokens = people | {"semester": hub.semester_token}
    callers = {name: Caller(hub, token) for name, token in tokens.items()}
    yield callers
    for caller in callers.values():
        caller.http.close()


@pytest.fixture(scope="module")
def submitted(hub, people, tmp_path_factory):
    """Three students submit: one correct, one wrong, one a broken file."""
    with ExchangeClient(hub.service_url("exchange"), hub.semester_token) as semester:
        semester.put_course(COURSE, CourseSettings(title="Test"))
        semester.put_assignment(COURSE, SLUG, AssignmentSettings(due_at="2026-01-01T12:00:00Z", late_seconds=None))
        semester.release(COURSE, SLUG, hub.course_dir / "release" / SLUG)
    texts = {
        "ada": answered(hub.course_dir, GOOD),
        "ben": answered(hub.course_dir, WRONG),
        "cleo": '{"cells": [',
    }
    receipts = {}
    for student, text in texts.items():
        folder = tmp_path_factory.mktemp(student)
        (folder / f"{SLUG}.ipynb").write_text(text)
        with ExchangeClient(hub.service_url("exchange"), people[student]) as client:
            receipts[student] = client.submit(COURSE, SLUG, pack(folder, [f"{SLUG}.ipynb"])).receipt
    return receipts


def quick_of(caller) -> dict:
    return caller.get("me")["modules"].get(SLUG, {}).get("quick", {})


def job_done(call, until, kind: str, **more) -> list[dict]:
    answer = call["ida"].http.post("jobs", json={"kind": kind, "assignment": SLUG, **more})
    assert answer.status_code == 202, answer.text
    number = answer.json()["id"]
    progress = until(lambda: (found := call["tom"].get(f"jobs/{number}"))["done"] and found)
    return [task for task in progress["tasks"] if task["student"] or len(progress["tasks"]) == 1]


def test_the_quick_result_reaches_the_student_without_anybody_asking(hub, people, call, submitted, until):
    quick = {
        name: until(lambda name=name: call[name].get("me")["modules"].get(SLUG, {}).get("quick", {}).get("outcome"))
        for name in ("ada", "ben", "cleo")
    }
    assert quick == {"ada": "graded", "ben": "graded", "cleo": "refused"}
    mine = call["ada"].get("me")["modules"][SLUG]["quick"]
    assert (mine["score"], mine["max_score"], mine["submission"]) == (50.0, 50.0, submitted["ada"].submission)
    assert "damaged" in call["cleo"].get("me")["modules"][SLUG]["quick"]["message"]
    with ExchangeClient(hub.service_url("exchange"), people["ada"]) as client:
        result = client.submission(COURSE, submitted["ada"].submission).result
    assert (result.kind, result.status, result.score) == ("quick", "passed", 50.0)


def test_a_quick_result_says_nothing_of_hidden_tests(call, submitted, until):
    until(lambda: call["ben"].get("me")["modules"].get(SLUG, {}).get("quick", {}).get("outcome"))
    assert "HIDDEN-CANARY" not in call["ben"].http.get("me").text


def test_visible_checks_run_on_the_notebook_of_a_question(hub, people, call, submitted, until, tmp_path):
    """A TA can run the checks in the sandbox, whatever the notebook tries; the student's own result does not change."""
    outside = tmp_path / "outside"
    hostile = f"open({str(outside)!r}, 'w').write('was here')\ndef scale(values, factor):\n    return '<script>'"
    (tmp_path / f"{SLUG}.ipynb").write_text(answered(hub.course_dir, GOOD | {"scale": hostile}))
    request = QuestionRequest("Why?", "scale")
    with ExchangeClient(hub.service_url("exchange"), people["ada"]) as ada:
        asked = ada.ask(COURSE, SLUG, request, pack(tmp_path, [f"{SLUG}.ipynb"]))
        bare = ada.ask(COURSE, SLUG, QuestionRequest("And without a notebook?"))
    path = f"questions/{asked.id}/checks"
    for name in ("ada", "ben"):
        assert {call[name].http.get(path).status_code, call[name].http.post(path).status_code} == {403}
    assert call["tom"].get(path) == {}
    mine = until(lambda: (found := quick_of(call["ada"])).get("outcome") and found)
    assert [call["tom"].http.post(path).json()["waiting"] for _ in range(2)] == [True, True]
    shown = until(lambda: not (found := call["tom"].get(path))["waiting"] and found)
    assert shown["outcome"] == "graded"
    assert 0 < shown["score"] < shown["max_score"] == 50.0
    checks = {each["name"]: each["checks"] for each in shown["report"]["exercises"]}
    assert [check["passed"] for check in checks["total"]] == [True]
    assert not any(check["passed"] for check in checks["scale"])
    assert "HIDDEN-CANARY" not in str(shown)
    assert not outside.exists()
    assert quick_of(call["ada"]) == mine
    refused = call["tom"].http.post(f"questions/{bare.id}/checks")
    assert (refused.status_code, refused.json()["rule"]) == (409, "this question has no notebook to check")
    assert call["tom"].http.post(f"questions/{'0' * 32}/checks").status_code == 409


def test_collect_autograde_feedback_release(hub, people, call, submitted, until):
    """A broken submission stops no other; feedback omits hidden tests and reaches students only once it is released."""
    assert job_done(call, until, "collect")[0]["message"] == "3 new or changed, 0 unchanged"
    graded = {task["student"]: task for task in job_done(call, until, "autograde")}
    assert {name: (task["outcome"], task["score"]) for name, task in graded.items()} == {
        "ada": ("graded", 90.0),
        "ben": ("graded", 50.0),
        "cleo": ("refused", 0.0),
    }
    assert {task["outcome"] for task in job_done(call, until, "autograde")} == {"unchanged"}
    assert "feedback" not in call["ada"].get("me")["modules"][SLUG]
    assert {task["state"] for task in job_done(call, until, "feedback")} == {"done"}
    page = (hub.course_dir / "feedback" / "ben" / SLUG / f"{SLUG}.html").read_text()
    assert "HIDDEN-CANARY" not in page
    assert "<script" not in page
    assert {task["state"] for task in job_done(call, until, "release_feedback", unread=True)} == {"done"}
    assert call["ada"].get("me")["modules"][SLUG]["feedback"]["score"] == 90.0
    with ExchangeClient(hub.service_url("exchange"), people["ada"]) as client:
        assert [file.path for file in client.submission(COURSE, submitted["ada"].submission).feedback] == [
            f"{SLUG}.html"
        ]


def test_released_feedback_has_the_points_of_its_moment(hub, people, call, submitted, until, tmp_path):
    """If a TA gives points after the page was made, the page that the student gets and their score include them."""
    job_done(call, until, "collect")
    job_done(call, until, "autograde")
    job_done(call, until, "feedback")
    read_by_hand(hub, "ben", 7.0)
    job_done(call, until, "release_feedback", students=["ben"])
    with ExchangeClient(hub.service_url("exchange"), people["ben"]) as client:
        client.fetch_feedback(COURSE, submitted["ben"].submission, tmp_path / "feedback")
    assert "57.0 of 100.0 points" in (tmp_path / "feedback" / f"{SLUG}.html").read_text()
    assert call["ben"].get("me")["modules"][SLUG]["feedback"]["score"] == 57.0


def test_feedback_goes_out_with_answers_unread_only_if_told_so(hub, people, call, submitted, until, tmp_path):
    """Page, score and result then say what is unread and give no total; once it is read they give the full score."""
    for kind in ("collect", "autograde", "feedback"):
        job_done(call, until, kind)
    order = {"kind": "release_feedback", "assignment": SLUG, "students": ["ada"]}
    refused = call["ida"].http.post("jobs", json=order)
    assert (refused.status_code, refused.json()["unread"]) == (409, {"submissions": 1, "answers": 1})
    assert "1 submission of vectors (ada) waits to be read, 1 answer in all" in refused.json()["detail"]
    assert call["ida"].http.post("jobs", json={**order, "students": None}).status_code == 409

    def told() -> tuple[str, str, dict]:
        with ExchangeClient(hub.service_url("exchange"), people["ada"]) as client:
            found = client.submission(COURSE, submitted["ada"].submission)
            folder = tmp_path / str(len(list(tmp_path.iterdir())))
            client.fetch_feedback(COURSE, found.id, folder)
        return (folder / f"{SLUG}.html").read_text(), describe_result(found) or "", feedback_of(call)

    job_done(call, until, "release_feedback", students=["ada"], unread=True)
    page, said, row = told()
    so_far = "90 of 90 points so far; 1 answer (10 points) is still to be read"
    assert said == f"graded in part: {so_far}"
    assert all(words in page for words in (*so_far.split("; "), "not your final score", "still to be read / 10.0"))
    assert "of 100" not in page
    assert (row["score"], row["unread_answers"], row["unread_points"]) == (90.0, 1, 10.0)
    assert call["tom"].get("overview")["modules"][0]["released_before_read"] == 2  # and one that could not be judged

    read_by_hand(hub, "ada", 5.0)
    job_done(call, until, "release_feedback", students=["ada"])
    page, said, row = told()
    read_by_hand(hub, "ada", None)  # as later tests expect it
    assert "95.0 of 100.0 points" in page
    assert "still to be read" not in page + said
    assert (row["score"], row["unread_answers"]) == (95.0, 0)


def read_by_hand(hub, student: str, points: float | None) -> None:
    with gradebook_lock(hub.course_dir), Gradebook(gradebook_url(hub.course_dir), COURSE) as gradebook:
        grade = gradebook.find_grade("checkpoint_units", SLUG, SLUG, student)
        grade.manual_score, grade.needs_manual_grade = points, points is None
        gradebook.db.commit()


def feedback_of(call) -> dict:
    return call["ada"].get("me")["modules"][SLUG]["feedback"]


def test_overview_counts_what_there_is(call, submitted, until):
    job_done(call, until, "collect")
    job_done(call, until, "autograde")
    module = call["tom"].get("overview")["modules"][0]
    counted = ("assignment", "collected", "to_autograde", "graded", "late", "missing")
    assert {name: module[name] for name in counted} == {
        "assignment": SLUG, "collected": 3, "to_autograde": 0, "graded": 3, "late": 3, "missing": 0,
    }  # fmt: skip
    rows = {row["student"]: row for row in call["tom"].get(f"assignments/{SLUG}/students")}
    assert (rows["ada"]["needs_manual_grade"], rows["ada"]["not_judged"]) == (True, "")
    # Work that can't be judged does not silently get 0: a person must look at it.
    assert (rows["cleo"]["needs_manual_grade"], rows["cleo"]["score"]) == (True, None)
    assert "incomplete or damaged" in rows["cleo"]["not_judged"]
    assert module["to_read_by_hand"] == sum(row["needs_manual_grade"] for row in rows.values())
    assert module["not_judged"] == 1
    table = export_table("plain", {SLUG: list(rows.values())})
    assert [
        (row["score"], row["needs_manual_grade"]) for row in csv.DictReader(table.splitlines()) if row["not_judged"]
    ] == [("", "yes")]


def test_a_student_asks_for_a_regrade_and_a_ta_answers(call, submitted, until):
    job_done(call, until, "collect")
    job_done(call, until, "autograde")
    job_done(call, until, "feedback")
    job_done(call, until, "release_feedback", unread=True)
    wish = {"assignment": SLUG, "exercise": "scale", "reason": "My function handles negative factors too."}
    asked = call["ben"].http.post("regrades", json=wish)
    assert asked.status_code == 201, asked.text
    assert call["ben"].http.post("regrades", json=wish).status_code == 409
    number = asked.json()["id"]
    assert [row["student"] for row in call["tom"].get("regrades?open=true")] == ["ben"]
    assert call["ada"].get("regrades") == []
    assert call["ben"].http.post(f"regrades/{number}/answer", json={"answer": "yes"}).status_code == 403
    assert call["tom"].http.post(f"regrades/{number}/answer", json={"answer": "Look at line 2."}).status_code == 200
    assert call["ben"].get("me")["modules"][SLUG]["regrades"][0]["answer"] == "Look at line 2."
    assert call["ben"].http.post("regrades", json=wish).status_code == 201, "after the answer one may ask again"


@pytest.mark.parametrize("path", ["overview", "jobs", "runs", f"assignments/{SLUG}/students", "students/ada"])
def test_students_read_nothing_of_others(call, path):
    assert call["ben"].http.get(path).status_code == 403


def test_rights_are_those_of_the_token(call, people, hub):
    order = {"kind": "autograde", "assignment": SLUG}
    assert call["ben"].http.post("jobs", json=order).status_code == 403
    assert call["tom"].http.post("jobs", json=order).status_code == 403
    assert httpx.get(f"{hub.service_url('grading')}/api/v1/me", **PLAIN).status_code == 401
    with Caller(hub, "f" * 32).http as wrong:
        assert wrong.get("me").status_code == 401
    # A token of ida's made without her staff scopes, like that of a notebook kernel, has no staff rights.
    token = hub.token("ida", "access:services!service=grading", "read:users:name!user")
    with Caller(hub, token).http as kernel:
        assert kernel.post("jobs", json=order).status_code == 403


def test_a_token_without_access_to_the_service_is_refused(hub):
    with Caller(hub, hub.token("ida", "read:users:name!user")).http as stranger:
        assert stranger.get("me").status_code == 403


def test_a_service_acts_in_a_persons_name(call, until):
    order = {"kind": "autograde", "assignment": SLUG, "students": None}
    answer = call["semester"].http.post("jobs", json=order, headers={"Grading-Actor": "ida"})
    assert answer.json()["asked_by"] == "ida (by semester)"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "dance", "assignment": SLUG}, 422),
        ({"kind": "autograde", "assignment": "../../etc"}, 422),
        ({"kind": "autograde", "assignment": SLUG, "students": ["nobody"]}, 409),
        ({"kind": "quick", "assignment": SLUG}, 422),
        ({"kind": "autograde", "assignment": SLUG, "unknown": 1}, 422),
    ],
)
def test_wrong_orders_are_refused_with_a_reason(call, body, status):
    answer = call["ida"].http.post("jobs", json=body)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_what_is_submitted_while_the_service_is_dead_is_checked_when_it_is_back(
    hub, people, submitted, until, tmp_path
):
    """kill -9, then a submission, then a restart: the service reads the exchange from where it stopped."""
    hub.kill("grading")
    (tmp_path / f"{SLUG}.ipynb").write_text(answered(hub.course_dir, WRONG))
    with ExchangeClient(hub.service_url("exchange"), people["ada"]) as client:
        receipt = client.submit(COURSE, SLUG, pack(tmp_path, [f"{SLUG}.ipynb"])).receipt
        assert client.submission(COURSE, receipt.submission).result is None
        hub.bring_back("grading")
        result = until(lambda: client.submission(COURSE, receipt.submission).result)
        assert (result.kind, result.status, result.score) == ("quick", "passed", 50.0)
        earlier = client.submission(COURSE, submitted["ada"].submission)
        assert earlier.result is not None


def test_a_dead_exchange_costs_no_quick_result(hub, people, submitted, until, tmp_path):
    """The exchange is killed between a submission and its check; once it is back, the check is done."""
    (tmp_path / f"{SLUG}.ipynb").write_text(answered(hub.course_dir, GOOD))
    with ExchangeClient(hub.service_url("exchange"), people["ben"]) as client:
        receipt = client.submit(COURSE, SLUG, pack(tmp_path, [f"{SLUG}.ipynb"])).receipt
        hub.kill("exchange")
        hub.bring_back("exchange")
        result = until(lambda: client.submission(COURSE, receipt.submission).result)
        assert (result.kind, result.status) == ("quick", "passed")
