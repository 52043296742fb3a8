"""Each module shows the furthest state that it has reached, and there is one next step."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from exchange.protocol.verdicts import Check, ExerciseResult, ModuleResult
from hub_config.home.course_map import Record, course_map
from hub_config.home.moments import Clock
from hub_config.home.next_step import next_step, notices

NOW = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
CLOCK = Clock("Europe/Berlin", NOW)


def text(**ago: int) -> str:
    return (NOW + timedelta(**ago)).isoformat()


def given(slug: str, number: int = 1, place: str = "built", release: int = -5, due: int = 5) -> dict[str, Any]:
    built = place == "built"
    return {
        "slug": slug,
        "label": f"{number:02d}_{slug}",
        "number": number,
        "title": slug.title(),
        "summary": f"What {slug} is.",
        "hours": 2,
        "exercises": ["add"],
        "prerequisites": [],
        "place": place,
        "release": text(days=release) if built else None,
        "due": text(days=due) if built else None,
        "closes": text(days=due + 2) if built else None,
    }


def course(*modules: dict[str, Any]) -> dict[str, Any]:
    return {"tiers": [{"name": "foundation", "title": "Foundation", "summary": "", "modules": list(modules)}]}


def assignment(slug: str, state: str = "released", **more: Any) -> dict[str, Any]:
    row = {
        "id": slug,
        "state": state,
        "due_at": text(days=5),
        "closes_at": text(days=7),
        "open": True,
        "attempts_used": 0,
        "attempts_allowed": 3,
        "release_version": 1,
        "submitted_at": None,
    }
    return {**row, **more}


def submission(slug: str, attempt: int = 1, **more: Any) -> dict[str, Any]:
    row = {
        "id": f"s{attempt}",
        "assignment": slug,
        "attempt": attempt,
        "received_at": text(hours=-1),
        "late": False,
        "counts": True,
        "feedback_at": None,
        "files": [{"path": f"{slug}.ipynb"}],
    }
    return {**row, **more}


def event(slug: str, kind: str, **detail: Any) -> dict[str, Any]:
    return {"assignment": slug, "kind": kind, "detail": detail}


def quick(*passed: bool, hidden: bool = False, waiting: bool = False) -> dict[str, Any]:
    checks = tuple(Check(f"check {number}", 1, hidden=hidden, passed=each) for number, each in enumerate(passed))
    report = ModuleResult("tensor", (ExerciseResult("add", len(checks), checks),)).to_json()
    return {
        "quick": {"waiting": waiting, "submission": "s1", "message": "", "checked_at": text(hours=-1), "report": report}
    }


def the_module(record: Record, **module: Any):
    return course_map(course(given("tensor", **module)), record, CLOCK)[0].modules[0]


@pytest.mark.parametrize(
    ("record", "state"),
    [
        (Record([]), "locked"),
        (Record([assignment("tensor", "announced")]), "locked"),
        (Record([assignment("tensor")]), "released"),
        (Record([assignment("tensor", "fetched")], (), [event("tensor", "fetched", version=1)]), "released"),
        (Record([assignment("tensor")], (), [event("tensor", "tested")]), "started"),
        (Record([assignment("tensor")], (), [event("tensor", "tested"), event("tensor", "completed")]), "completed"),
        (Record([assignment("tensor", submitted_at=text(hours=-1))], [submission("tensor")]), "submitted"),
        (Record([assignment("tensor")], [submission("tensor", feedback_at=text(hours=0))]), "graded"),
        (Record(None), "unknown"),
    ],
)
def test_a_modules_state_is_the_furthest_that_is_true(record, state):
    assert the_module(record).state == state


def test_prebuilt_and_outside_modules_are_told_apart_from_locked_ones():
    modules = course(given("tensor", place="prebuilt"), given("spatial", 9, place="outside"))
    assert [m.state for m in course_map(modules, Record([]), CLOCK)[0].modules] == ["prebuilt", "outside"]


def test_an_extension_shows_as_the_students_own_due_date():
    module = the_module(Record([assignment("tensor", due_at=text(days=9))]))
    assert (module.extended, module.due.words) == (True, "in 9 days")
    assert the_module(Record([assignment("tensor")])).extended is False


def test_a_correction_is_noticed_by_who_fetched_an_earlier_version_only():
    rows = [assignment("tensor", release_version=2)]
    assert the_module(Record(rows, (), [event("tensor", "fetched", version=1)])).corrected
    both = [event("tensor", "fetched", version=1), event("tensor", "fetched", version=2)]
    fetched = the_module(Record(rows, (), both))
    assert (fetched.corrected, fetched.corrected_once) == (False, True)  # a server's start only fetches it
    later = the_module(Record(rows, (), both[1:]))
    assert (later.corrected, later.corrected_once, the_module(Record(rows)).corrected) == (False, False, False)


def test_a_quick_result_counts_visible_checks():
    record = Record([assignment("tensor", submitted_at=text(hours=-1))], [submission("tensor")])
    record.grading = {"tensor": quick(True, False)}
    module = the_module(record)
    assert (module.quick.words, module.quick.passed) == ("1 of 2 visible checks pass", False)
    record.grading = {"tensor": quick(True, hidden=True)}
    assert the_module(record).quick.exercises[0].checks == ()


def test_a_first_quick_result_that_waits_says_so():
    record = Record([assignment("tensor")], grading={"tensor": {"quick": {"waiting": True}}})
    assert the_module(record).quick.words == "Being checked"


def test_what_the_machine_had_no_time_for_is_said_to_be_tried_again():
    record = Record([assignment("tensor")], grading={"tensor": {"quick": {"waiting": True, "again_at": text(hours=1)}}})
    quick = the_module(record).quick
    assert (quick.words, quick.again.words) == ("Not judged, will be tried again", "in 1 hour")


def test_a_score_is_shown_from_released_feedback():
    feedback = {"feedback": {"released_at": text(hours=-1), "score": 87.5, "max_score": 100.0}}
    record = Record(
        [assignment("tensor")], [submission("tensor", feedback_at=text(hours=-1))], grading={"tensor": feedback}
    )
    assert (the_module(record).grade.score, the_module(record).grade.max_score) == (87.5, 100.0)


def steps(*rows: dict[str, Any], record: Record):
    return next_step(course_map(course(*rows), record, CLOCK))


@pytest.mark.parametrize(
    ("events", "title", "action"),
    [
        ([], "Start Tensor", "Open the notebook"),
        (["tested"], "Continue Tensor", "Open the notebook"),
        (["tested", "completed"], "Submit Tensor", "Open JupyterLab"),
    ],
)
def test_the_next_step_follows_the_work(events, title, action):
    step = steps(given("tensor"), record=Record([assignment("tensor")], (), [event("tensor", kind) for kind in events]))
    assert (step.title, step.action, step.due.words) == (title, action, "in 5 days")


def test_what_is_due_first_comes_first():
    rows = [assignment("tensor"), assignment("layers", due_at=text(days=2))]
    step = steps(given("tensor"), given("layers", 3, due=2), record=Record(rows))
    assert step.title == "Start Layers"


def test_failing_checks_ask_to_improve_until_the_due_date_and_while_attempts_are_left():
    def title(**more: Any) -> str:
        row = assignment("tensor", submitted_at=text(hours=-1), **more)
        record = Record([row], [submission("tensor")], grading={"tensor": quick(True, False)})
        return steps(given("tensor"), record=record).title

    assert title() == "Improve Tensor"
    assert title(attempts_used=3) == "All caught up"
    assert title(due_at=text(hours=-2)) == "All caught up"


def test_without_work_there_is_feedback_to_read_or_the_next_opening():
    graded = Record([assignment("tensor")], [submission("tensor", feedback_at=text(hours=-1))])
    assert steps(given("tensor"), record=graded).title == "Read the feedback on Tensor"
    waiting = Record([assignment("tensor", submitted_at=text(hours=-1))], [submission("tensor")])
    step = steps(given("tensor"), given("layers", 3, release=2), record=waiting)
    assert (step.title, step.due.words) == ("All caught up", "in 2 days")


@pytest.mark.parametrize(("age", "kinds"), [(1, ["feedback"]), (8, [])])
def test_feedback_is_news_for_a_week(age, kinds):
    row = submission("tensor", feedback_at=text(days=-age))
    tiers = course_map(course(given("tensor")), Record([assignment("tensor")], [row]), CLOCK)
    assert [notice.kind for notice in notices(tiers)] == kinds
    assert notices(tiers, next_step(tiers)) == []


@pytest.mark.parametrize(
    ("row", "module", "kind"),
    [
        (assignment("tensor", due_at=text(days=-1), closes_at=text(days=1)), {"due": -1}, "late"),
        (assignment("tensor", due_at=text(days=-4), closes_at=text(days=-2), open=False), {"due": -4}, "missed"),
        (assignment("tensor", due_at=text(days=9)), {}, "extended"),
    ],
)
def test_notices_tell_what_presses(row, module, kind):
    tiers = course_map(course(given("tensor", **module)), Record([row]), CLOCK)
    assert [notice.kind for notice in notices(tiers)] == [kind]
