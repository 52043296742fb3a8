"""Releases, feedback, results, extensions, unlocking and events: what each person sees at each moment."""

import httpx
import pytest

from exchange.protocol.models import AssignmentSettings, CourseSettings, Extension, Refused, Result, UploadLimits
from exchange.service.identity import read_caller
from exchange.service.intake import Stored
from exchange.service.submissions import SubmissionIntake
from tests.exchange.live import COURSE, DUE, Live, later
from tests.harness.plain import PLAIN

SOON = "2026-11-19T18:00:00.000000Z"


def states(live: Live, name: str = "ada") -> dict[str, str]:
    """Return the state of each assignment for a student."""
    with live.student(name) as client:
        return {a.id: a.state for a in client.assignments(COURSE)}


def test_states_of_an_assignment(course: Live) -> None:
    """released, fetched, submitted, feedback: each step shows immediately."""
    ada, staff = course.student("ada"), course.staff()
    seen = [states(course)["tensor"]]
    ada.fetch_release(COURSE, "tensor", course.scratch / "tensor")
    seen.append(states(course)["tensor"])
    receipt = course.submit(ada).receipt
    seen.append(states(course)["tensor"])
    staff.put_feedback(COURSE, receipt.submission, course.folder({"tensor.html": "good"}))
    seen.append(states(course)["tensor"])
    assert seen == ["released", "fetched", "submitted", "feedback"]
    assert states(course, "bob") == {"tensor": "released"}


def test_release_waits_for_its_time(course: Live) -> None:
    """Files that are uploaded early are hidden from students until the release time, then appear without an action."""
    semester = course.semester()
    semester.put_assignment(COURSE, "layers", AssignmentSettings(release_at=SOON, due_at=DUE))
    assert semester.release(COURSE, "layers", course.folder({"layers.ipynb": "x"})).state == "announced"
    assert states(course) == {"tensor": "released"}
    course.clock.at(SOON)
    assert states(course) == {"tensor": "released", "layers": "released"}


def test_a_clock_that_is_set_back_changes_no_order(course: Live) -> None:
    """The submission sent last is the last attempt and counts, even if the clock says that it came an hour earlier."""
    ada, staff = course.student("ada"), course.staff()
    course.clock.at(SOON)
    first = course.submit(ada, "first").receipt
    course.clock.at(SOON, hours=-1)
    second = course.submit(ada, "second").receipt
    assert (first.attempt, second.attempt) == (1, 2) and second.received_at < first.received_at
    assert [each.id for each in staff.collection(COURSE, "tensor", "last")] == [second.submission]
    told = [event.detail["attempt"] for event in staff.events(COURSE, kind="submitted")]
    assert told == [1, 2]


def test_release_is_replaced_only_by_force(course: Live) -> None:
    """The same files change nothing; other files need force and make a new version, which students then fetch."""
    staff, ada = course.staff(), course.student("ada")
    same = course.folder({"tensor.ipynb": '{"cells": []}', "data.csv": "1,2\n"})
    other = course.folder({"tensor.ipynb": "corrected"})
    assert staff.release(COURSE, "tensor", same).release_version == 1
    with pytest.raises(Refused, match="this would replace the release") as refused:
        staff.release(COURSE, "tensor", other)
    assert refused.value.status == 409
    assert staff.release(COURSE, "tensor", other, force=True).release_version == 2
    ada.fetch_release(COURSE, "tensor", course.scratch / "new")
    assert {p.name: p.read_text() for p in (course.scratch / "new").iterdir()} == {"tensor.ipynb": "corrected"}


def test_withdrawal_keeps_what_was_submitted(course: Live) -> None:
    """A withdrawn release disappears for students; their submissions remain."""
    ada, staff = course.student("ada"), course.staff()
    receipt = course.submit(ada).receipt
    staff.withdraw(COURSE, "tensor")
    assert states(course) == {}
    with pytest.raises(Refused) as refused:
        course.submit(ada)
    assert refused.value.status == 404
    assert [s.id for s in staff.collection(COURSE, "tensor")] == [receipt.submission]
    assert ada.receipt(COURSE, receipt.submission).receipt == receipt


def test_feedback_is_replaced_whole(course: Live) -> None:
    """New feedback replaces the old; the student gets only the new files."""
    ada, staff = course.student("ada"), course.staff()
    receipt = course.submit(ada).receipt
    staff.put_feedback(COURSE, receipt.submission, course.folder({"tensor.html": "first", "plot.png": "x"}))
    staff.put_feedback(COURSE, receipt.submission, course.folder({"tensor.html": "second"}))
    ada.fetch_feedback(COURSE, receipt.submission, course.scratch / "feedback")
    assert {p.name: p.read_text() for p in (course.scratch / "feedback").iterdir()} == {"tensor.html": "second"}


def test_feedback_is_not_there_before_it_is_released(course: Live) -> None:
    """Fetching it then gives 404 with a reason; feedback files of a wrong type are refused."""
    ada = course.student("ada")
    receipt = course.submit(ada).receipt
    with pytest.raises(Refused, match="no feedback on this submission has been released yet") as refused:
        ada.fetch_feedback(COURSE, receipt.submission, course.scratch / "feedback")
    assert refused.value.status == 404
    with pytest.raises(Refused, match="feedback files must end in"):
        course.staff().put_feedback(COURSE, receipt.submission, course.folder({"run.sh": "x"}))


def test_result_is_read_at_once(course: Live) -> None:
    """A posted result appears in the student's submission, with who posted it and when."""
    ada, staff = course.student("ada"), course.staff()
    receipt = course.submit(ada).receipt
    result = Result("quick", "failed", 20.0, 90.0, "2 of 9 checks", {"checks": [{"name": "add", "passed": False}]})
    staff.put_result(COURSE, receipt.submission, result)
    got = ada.submission(COURSE, receipt.submission).result
    assert got is not None
    assert (got.score, got.summary, got.detail) == (20.0, "2 of 9 checks", result.detail)
    assert (got.posted_by, got.posted_at) == ("grace", "2026-11-19T12:00:00.000000Z")


@pytest.mark.parametrize("score", [1e300, -1e10], ids=["huge", "negative"])
def test_senseless_scores_are_refused(course: Live, score: float) -> None:
    """Huge and negative scores are refused."""
    receipt = course.submit(course.student("ada")).receipt
    with pytest.raises(Refused, match="score"):
        course.staff().put_result(COURSE, receipt.submission, Result("full", "passed", score=score))


def test_service_acts_for_a_person(course: Live) -> None:
    """The audit records the service and the person; only the service's token grants rights."""
    receipt = course.submit(course.student("ada")).receipt
    token = course.hub.service("formgrader", "custom:exchange:feedback")
    gateway = course.client(token, acting_for="tim")
    gateway.put_feedback(COURSE, receipt.submission, course.folder({"tensor.html": "x"}))
    entry = course.semester().audit(COURSE)[-1]
    assert (entry.actor, entry.acting_for, entry.verb) == ("formgrader", "tim", "put feedback")
    with pytest.raises(Refused) as refused:
        gateway.withdraw(COURSE, "tensor")
    assert refused.value.status == 403


def test_extensions_are_listed_and_revoked(course: Live) -> None:
    """An extension can be listed, replaced and revoked."""
    staff, due = course.staff(), later(DUE, days=3)
    staff.put_extension(COURSE, "tensor", "ada", Extension(due_at=later(DUE, days=1), reason="ill"))
    staff.put_extension(COURSE, "tensor", "ada", Extension(due_at="2026-11-23T13:00:00+01:00", extra_attempts=1))
    assert [(e.student, e.due_at, e.extra_attempts) for e in staff.extensions(COURSE, "tensor")] == [("ada", due, 1)]
    assert course.student("ada").assignment(COURSE, "tensor").due_at == due
    staff.delete_extension(COURSE, "tensor", "ada")
    assert course.student("ada").assignment(COURSE, "tensor").due_at == DUE
    with pytest.raises(Refused) as refused:
        staff.delete_extension(COURSE, "tensor", "ada")
    assert refused.value.status == 404


def test_extension_never_takes_time_away(course: Live) -> None:
    """An extension that ends before the due date does not change the due date."""
    course.staff().put_extension(COURSE, "tensor", "ada", Extension(due_at=later(DUE, days=-3)))
    assert course.student("ada").assignment(COURSE, "tensor").due_at == DUE


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"due_at": "2026-11-20T12:00:00"}, "offset"),
        ({"due_at": "tomorrow"}, "ISO 8601"),
        ({"due_at": DUE, "release_at": DUE}, "must be due after its release"),
        ({"grace_seconds": -1}, "grace_seconds"),
        ({"late_seconds": 10**12}, "late_seconds"),
        ({"attempts": 0}, "attempts"),
        ({"counts": "first"}, "counts"),
        ({"files": ["../*.png"]}, "path"),
        ({"dew_at": DUE}, "dew_at"),
    ],
    ids=lambda v: str(v)[:30],
)
def test_senseless_settings_are_refused(course: Live, settings: dict[str, object], rule: str) -> None:
    """Each is refused with a message that names the fault."""
    url = f"{course.url}/api/v1/courses/{COURSE}/assignments/tensor"
    headers = {"Authorization": f"token {course.hub.service('semester')}"}
    answer = httpx.put(url, json=settings, headers=headers, **PLAIN)
    assert answer.status_code == 422, answer.text
    assert rule in str(answer.json())


def test_senseless_limits_are_refused(course: Live) -> None:
    """A limit of zero would close a course by accident."""
    with pytest.raises(Refused, match="max_files"):
        course.semester().put_course(COURSE, CourseSettings(limits=UploadLimits(max_files=0)))


# Unlocking


@pytest.fixture
def solved(course: Live) -> Live:
    """The course with a solution that can be unlocked."""
    course.semester().put_solution(COURSE, "tensor", course.folder({"core/tensor.py": "answer = 42"}))
    return course


def test_solution_is_free_when_nobody_can_submit(solved: Live) -> None:
    """A solution is available not after the student's own deadline, but after the last extension of anyone."""
    ada = solved.student("ada")
    solved.staff().put_extension(COURSE, "tensor", "bob", Extension(due_at=later(DUE, days=2)))
    solved.clock.at(DUE, days=1)
    with pytest.raises(Refused, match=r"only when nobody can submit any more, from 2026-11-22T12:00:00"):
        ada.unlock(COURSE, "tensor")
    solved.clock.at(DUE, days=2, microseconds=1)
    assert ada.unlock(COURSE, "tensor").granted_by == "time"
    ada.fetch_solution(COURSE, "tensor", solved.scratch / "solution")
    assert (solved.scratch / "solution" / "core" / "tensor.py").read_text() == "answer = 42"


def test_closing_for_oneself_is_confirmed_and_for_good(solved: Live) -> None:
    """Whoever unlocks a solution early can't submit any more; other students still can."""
    ada = solved.student("ada")
    kept = solved.submit(ada).receipt
    with pytest.raises(Refused, match="confirm"):
        ada.unlock(COURSE, "tensor", close=True)
    with pytest.raises(Refused, match="is not unlocked"):
        ada.fetch_solution(COURSE, "tensor", solved.scratch / "solution")
    assert ada.unlock(COURSE, "tensor", close=True, confirm="tensor").granted_by == "student"
    assert ada.unlock(COURSE, "tensor").granted_by == "student"
    ada.fetch_solution(COURSE, "tensor", solved.scratch / "solution")
    with pytest.raises(Refused, match="takes no more submissions"):
        solved.submit(ada, "copied")
    with pytest.raises(Refused, match="has the solution and can't submit any more"):
        solved.staff().put_extension(COURSE, "tensor", "ada", Extension(due_at=later(DUE, days=9)))
    assert [s.id for s in ada.submissions(COURSE)] == [kept.submission]
    assert solved.submit(solved.student("bob")).receipt.attempt == 1


def test_upload_that_was_open_when_the_module_was_closed_is_refused(solved: Live) -> None:
    """The rule is checked again at the commit, so that no solution can be copied into an upload that is still open."""
    token = solved.hub.student("ada", COURSE)
    ada = solved.client(token)
    outgoing = solved.outgoing({"tensor.ipynb": "x"})
    caller = read_caller(solved.hub.models[token])
    intake = SubmissionIntake(solved.service, caller, COURSE, "tensor", "key-12345678")
    intake.admit(outgoing.files, solved.clock())
    ada.unlock(COURSE, "tensor", close=True, confirm="tensor")
    with pytest.raises(Refused, match="takes no more submissions"):
        intake.accept(Stored("0" * 32, outgoing.files, 1, solved.clock()))
    assert ada.submissions(COURSE) == []


def test_assignment_without_solution_or_deadline(course: Live) -> None:
    """A missing or disabled solution is never unlocked, and without a last deadline none is unlocked by time."""
    ada = course.student("ada")
    with pytest.raises(Refused, match="no solution is available"):
        ada.unlock(COURSE, "tensor")
    course.semester().put_solution(COURSE, "tensor", course.folder({"core/tensor.py": "x"}))
    course.semester().put_assignment(COURSE, "tensor", AssignmentSettings(due_at=DUE, late_seconds=None))
    course.clock.at(DUE, days=3000)
    with pytest.raises(Refused, match="no last deadline"):
        ada.unlock(COURSE, "tensor")
    course.semester().put_assignment(COURSE, "tensor", AssignmentSettings(due_at=DUE, unlock=False))
    with pytest.raises(Refused, match="no solution is available"):
        ada.unlock(COURSE, "tensor", close=True, confirm="tensor")


# Events


def test_events_tell_what_happened_in_order(course: Live) -> None:
    """`fetched` is recorded once for a version; `tested`, `completed` and `submitted` follow as they happen."""
    ada = course.student("ada")
    for number in range(2):
        ada.fetch_release(COURSE, "tensor", course.scratch / f"tensor-{number}")
    ada.report_event(COURSE, "tensor", "tested", {"passed": 3, "of": 5})
    ada.report_event(COURSE, "tensor", "completed")
    course.submit(ada)
    events = ada.events(COURSE)
    assert [e.kind for e in events] == ["fetched", "tested", "completed", "submitted"]
    assert events[1].detail == {"passed": 3, "of": 5}
    assert [e.seq for e in course.staff().events(COURSE, kind="completed")] == [events[2].seq]
    assert ada.events(COURSE, after=events[2].seq) == events[3:]


def test_progress_shows_every_active_student(course: Live) -> None:
    """There is one row for each active student, with the state of each assignment of the course."""
    course.submit(course.student("ada"))
    course.student("bob").fetch_release(COURSE, "tensor", course.scratch / "bob")
    rows = {p.student: [a.state for a in p.assignments] for p in course.staff().progress(COURSE)}
    assert rows == {"ada": ["submitted"], "bob": ["fetched"]}


def test_large_or_strange_reports_are_refused(course: Live) -> None:
    """Details above 4000 bytes and kinds that only the exchange records are refused."""
    ada = course.student("ada")
    with pytest.raises(Refused, match="can have at most 4000 bytes"):
        ada.report_event(COURSE, "tensor", "tested", {"log": "x" * 5000})
    with pytest.raises(Refused, match="kind"):
        ada.report_event(COURSE, "tensor", "submitted")


def test_reports_of_a_day_are_limited(course: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that reports in a loop gets 429; the next day it can report again."""
    monkeypatch.setattr("exchange.service.events.REPORTS_A_DAY", 3)
    ada = course.student("ada")
    for _ in range(3):
        ada.report_event(COURSE, "tensor", "tested")
    with pytest.raises(Refused) as refused:
        ada.report_event(COURSE, "tensor", "tested")
    assert refused.value.status == 429
    course.clock.at("2026-11-20T00:00:00Z")
    ada.report_event(COURSE, "tensor", "tested")
