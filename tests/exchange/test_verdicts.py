"""A verdict has one format from the judge to the page, and other versions can read it too."""

import json

from exchange.protocol.verdicts import Check, ExerciseResult, ModuleResult, Note

PASSED = Check("adds", 2, passed=True)
FAILED = Check(
    "adds zeros", 1, kind="wrong value", why="2 of 3 values differ", called="add(a, b)", got="1", expected="0"
)
HIDDEN = Check("adds what broadcasts", 3, hidden=True, kind="wrong shape", got="the secret")
VERDICT = ModuleResult(
    "tensor",
    (ExerciseResult("add", 6.0, (PASSED, FAILED, HIDDEN), lent="the reference"),),
    (Note("add", "cut"),),
    seed=7,
)


def told(verdict: ModuleResult) -> dict:
    return json.loads(json.dumps(verdict.to_json()))


def test_what_was_written_is_read():
    assert ModuleResult.from_json(told(VERDICT)) == VERDICT
    assert (told(VERDICT)["points"], told(VERDICT)["exercises"][0]["points"], told(VERDICT)["passed"]) == (2, 2, False)


def test_what_another_version_says_besides_or_not_yet_stops_nobody():
    later = told(VERDICT) | {"region": "north"}
    later["exercises"][0]["checks"][0]["seconds"] = 0.1
    assert ModuleResult.from_json(later) == VERDICT
    earlier = told(VERDICT)
    del earlier["seed"], earlier["exercises"][0]["lent"], earlier["exercises"][0]["checks"][1]["called"]
    assert ModuleResult.from_json(earlier).exercise("add").checks[1].called == ""


def test_a_student_is_told_of_hidden_checks_no_more_than_points_and_kind():
    hidden = VERDICT.for_student().exercise("add").checks[2]
    assert hidden == Check("hidden check 1 of 1", 3, hidden=True, kind="wrong shape")
    assert "secret" not in json.dumps(VERDICT.for_student().to_json())


def test_visible_checks_give_one_reason_where_all_fail_for_it():
    unsolved = [Check(title, 1, why="add is not solved yet") for title in ("one", "two")]
    assert ExerciseResult("add", 2.0, tuple(unsolved)).why == "add is not solved yet"
    visible = VERDICT.exercise("add").visible()
    assert (visible.passing, len(visible.checks), visible.why) == (1, 2, "")
