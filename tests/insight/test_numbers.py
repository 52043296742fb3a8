"""Numbers about a class: each says what it counts, is unknown if too few students count, and names its students."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tito.insight.checks import Judged, correlation, exercise_insights, suspects
from tito.insight.modules import Attempts, ModuleFacts, module_insight
from tito.insight.standstill import standstills
from tito.insight.terms import ENOUGH, ENOUGH_TO_CORRELATE, STUCK_DAYS, STUCK_RUNS

from exchange.protocol.models import Activity, ExerciseActivity, utc_text
from exchange.protocol.verdicts import Check, ExerciseResult, ModuleResult

NOW = datetime(2029, 6, 1, 12, tzinfo=UTC)
PAST, COMING = utc_text(NOW - timedelta(days=1)), utc_text(NOW + timedelta(days=1))
TENSOR = ModuleFacts("tensor", "01_tensor", "Tensor", due=PAST)
NAMES = [f"s{n:02d}" for n in range(20)]


def seen(student, hours=2.5, days_ago=0.0, events=30, **steps):
    at = utc_text(NOW - timedelta(days=days_ago))
    times = {f"{step}_at": at if steps.get(step) else None for step in ("worked", "completed", "submitted")}
    return Activity("tensor", student, events, int(hours * 3600), 2, 9, at, at, at, at, **times)


def numbers(rows, attempts=None, names=NAMES, facts=TENSOR):
    return module_insight(facts, names, {row.student: row for row in rows}, attempts or {}, NOW)


def test_completion_is_over_the_roster_and_known_once_the_module_is_due():
    done = [seen(name, completed=True) for name in NAMES[:17]] + [seen("gone", completed=True)]
    assert numbers(done).completion == 0.85
    assert numbers(done, facts=ModuleFacts("tensor", "01", "Tensor", due=COMING)).completion is None
    assert numbers(done, names=NAMES[: ENOUGH - 1]).completion is None, "a share of four says who it is"


@pytest.mark.parametrize(("done", "said"), [(17, []), (16, ["85%"]), (9, ["50%"])])
def test_below_the_goal_and_below_half_are_told_apart(done, said):
    warnings = numbers([seen(name, completed=True) for name in NAMES[:done]]).warnings
    assert [limit for limit in ("85%", "50%") if any(limit in line for line in warnings)] == said


def test_a_judged_attempt_that_passes_what_is_visible_completes_a_module_too():
    found = numbers([], {"s00": Attempts(2, passed_visible=True), "s01": Attempts(1), "s02": Attempts(3, False, True)})
    assert found.steps["completed"] == ["s00", "s02"]
    assert found.steps["submitted"] == ["s00", "s01", "s02"]
    assert found.steps["full"] == ["s02"]
    assert found.of("attempts") == [
        {"student": "s00", "attempts": 2}, {"student": "s01", "attempts": 1}, {"student": "s02", "attempts": 3},
    ]  # fmt: skip


def test_time_is_not_known_of_few_events_and_of_few_students():
    hasty = [seen(name, events=3) for name in NAMES]
    assert (numbers(hasty).median_hours, numbers(hasty).spread) == (None, None)
    assert numbers([seen(name) for name in NAMES[: ENOUGH - 1]]).median_hours is None
    assert numbers([seen(name) for name in NAMES[:ENOUGH]]).median_hours == 2.5


def test_a_module_that_takes_too_long_and_one_that_drifts_apart_are_said():
    assert "3.5 hours" in " ".join(numbers([seen(name, 3.5) for name in NAMES]).warnings)
    apart = numbers([seen(name, 1 if n < 10 else 4) for n, name in enumerate(NAMES)])
    assert (apart.spread, [line for line in apart.warnings if "4.0 times" in line]) == (4, apart.warnings[-1:])


def verdict(**exercises):
    """Return a verdict with an exercise's checks as 1 and 0."""
    return ModuleResult("tensor", tuple(
        ExerciseResult(name, 10.0, tuple(
            Check(f"{name} {n}", 5.0, bool(n), bool(ok), "" if ok else "wrong values", "" if ok else "off")
            for n, ok in enumerate(checks)))
        for name, checks in exercises.items()))  # fmt: skip


def insight(people):
    return {each.name: each for each in exercise_insights(people)}


def test_first_and_last_are_of_different_attempts():
    people = [Judged(n, verdict(add=[0]), (verdict(add=[1]), verdict(add=[0, 0]))) for n in NAMES[:10]]
    add = insight(people)["add"]
    visible, hidden = add.checks["add 0"], add.checks["add 1"]
    assert (visible.share("first"), visible.share("last")) == (0, 1), "each from the newest verdict that has it"
    assert (hidden.share("first"), hidden.share("last")) == (None, 0)
    assert hidden.of("failed_last")[0] == {"student": "s00", "why": "off"}
    assert dict(hidden.kinds) == {"wrong values": 10}


def test_a_check_that_hardly_anybody_passes_is_suspect_and_a_hard_one_is_not():
    hard = [Judged(n, None, (verdict(add=[1, i < 5], mul=[1, i < 4]),)) for i, n in enumerate(NAMES)]
    found = suspects("tensor", exercise_insights(hard))
    assert [(row["check"], row["why"]) for row in found] == [("mul 1", "20% pass it")]
    assert suspects("tensor", exercise_insights(hard[: ENOUGH - 1])) == []


def test_a_check_that_fails_those_who_are_right_elsewhere_is_suspect():
    turned = [Judged(n, None, (verdict(add=[i % 2, i % 2], mul=[i % 2, (i + 1) % 2]),)) for i, n in enumerate(NAMES)]
    found = suspects("tensor", exercise_insights(turned))
    assert [(row["check"], row["why"]) for row in found] == [("mul 1", "it fails those who are right elsewhere")]


def test_who_is_not_on_the_roster_is_not_counted():
    people = [Judged(n, None, (verdict(add=[0]),)) for n in NAMES]
    found = exercise_insights(people, roster=frozenset(NAMES[:6]))
    assert len(found[0].whole.lists["failed_last"]) == 6


@given(st.lists(st.tuples(st.integers(0, 1).map(float), st.integers(0, 9).map(float)), max_size=40))
def test_a_correlation_is_between_minus_one_and_one_or_not_known(pairs):
    found = correlation(pairs)
    flat = len(pairs) < ENOUGH_TO_CORRELATE or len({a for a, _ in pairs}) == 1 or len({b for _, b in pairs}) == 1
    assert (found is None) == flat
    assert found is None or -1.000001 <= found <= 1.000001


def failing(student, times=STUCK_RUNS, fault="wrong values"):
    return ExerciseActivity("tensor", student, "add", times, 1, times, None, fault, 0, utc_text(NOW))


def stuck(activity, runs=(), names=NAMES):
    return [(e.student, e.exercise, e.why) for e in standstills({"tensor": TENSOR}, names, activity, runs, NOW)]


def test_who_is_stuck_now():
    assert stuck([seen("s01", worked=True)], [failing("s01")]) == [
        ("s01", "add", f"its test cell failed {STUCK_RUNS} times in a row, the last time for wrong values")
    ]
    assert stuck([seen("s01", worked=True)], [failing("s01", STUCK_RUNS - 1)]) == []
    assert stuck([seen("s02", worked=True, days_ago=STUCK_DAYS)]) == [("s02", "", "no progress for 3 days")]
    assert stuck([seen("s02", worked=True, days_ago=STUCK_DAYS - 0.1)]) == []


def test_nobody_is_stuck_who_is_done_has_not_begun_left_or_is_not_on_the_roster():
    for step in ("completed", "submitted"):
        assert stuck([seen("s01", worked=True, days_ago=5, **{step: True})], [failing("s01")]) == []
    assert stuck([seen("s01", days_ago=5)]) == []
    assert stuck([seen("s01", worked=True, days_ago=30)]) == []
    assert stuck([seen("gone", worked=True, days_ago=5)], [failing("gone")]) == []


def test_names_stand_in_the_order_of_the_alphabet_and_in_no_other():
    rows = [seen(name, worked=True, days_ago=days) for name, days in (("s09", 12), ("s01", 4), ("s05", 8))]
    assert [student for student, *_ in stuck(rows)] == ["s01", "s05", "s09"]
