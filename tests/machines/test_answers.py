"""A worker's answer is either read as a verdict on the requested module or refused."""

import copy
import json
from dataclasses import replace

import pytest
from tito.checks.run import JudgingFailed, NotJudgedNow
from tito.curriculum import load_curriculum
from tito.judge.plans import plan_of
from tito.judge.sandbox.limits import SandboxUnavailable
from tito.machines.answers import BadAnswer, error_answer, read_answer, verdict_answer

from exchange.protocol.verdicts import Check, ExerciseResult, ModuleResult, Note
from tests.grading_service.place import SLUG, TREE

PLAN = plan_of(load_curriculum(TREE).find_written(SLUG))
EXPECTED = ModuleResult(SLUG, seed=7, mode="best", versions={"source": "abc", "numpy": ""})
CHECK = Check("doubles", 20.0, False, True, "", "", "scale(1)", "2", "2")
VERDICT = replace(
    EXPECTED,
    exercises=tuple(ExerciseResult(name, points, (CHECK,)) for name, points in PLAN.points.items()),
    notes=(Note("a", "b"),),
    seconds=1.5,
    versions={"source": "abc", "numpy": "2.4"},
)


def test_a_verdict_comes_back_as_it_was():
    assert read_answer(verdict_answer(VERDICT), PLAN, EXPECTED) == VERDICT


def test_whose_it_is_the_service_knows_itself():
    said = json.loads(verdict_answer(replace(VERDICT, slug="tensor", seed=99, mode="own", visible_only=True)))
    assert read_answer(json.dumps(said).encode(), PLAN, EXPECTED) == VERDICT


@pytest.mark.parametrize(("path", "value"), [
    (("exercises",), []), (("exercises", 0, "name"), "other"), (("exercises", 0, "max_points"), 1e9),
    (("exercises", 0, "checks"), None), (("exercises", 0, "checks", 0, "points"), -1.0),
    (("exercises", 0, "checks", 0, "points"), True), (("exercises", 0, "checks", 0, "passed"), 1),
    (("exercises", 0, "checks", 0, "points"), 10**400), (("exercises", 0, "checks", 0, "got"), "x" * 100_001),
    (("exercises", 0, "checks", 0, "got"), "\ud800"), (("exercises", 0, "checks", 0, "title"), ["a"]),
    (("exercises", 0, "lent"), None), (("notes",), "abc"), (("notes",), [{}]), (("refused",), 0),
    (("seconds",), "1"), (("versions",), {}), (("versions", "source"), "another"), ((), []), ((), None),
])  # fmt: skip
def test_what_is_no_verdict_on_this_module_is_refused(path, value):
    said = {"verdict": copy.deepcopy(json.loads(verdict_answer(VERDICT))["verdict"])}
    place = said
    for step in ("verdict", *path)[:-1]:
        place = place[step]
    place[("verdict", *path)[-1]] = value
    with pytest.raises(BadAnswer, match="the previous grade stands"):
        read_answer(json.dumps(said).encode(), PLAN, EXPECTED)


@pytest.mark.parametrize("data", [
    b"", b"\x80\x04N.", b"null", b"[]", b"7", b'"verdict"', b"{}", b"[" * 100_000, b'{"verdict": NaN}', b"\xff",
    b'{"error": 7, "text": ""}', b'{"error": [], "text": ""}', b'{"error": "NotJudgedNow"}',
])  # fmt: skip
def test_what_is_no_answer_is_refused(data):
    with pytest.raises(JudgingFailed):
        read_answer(data, PLAN, EXPECTED)


def test_points_beyond_an_exercise_s_do_not_count():
    check = replace(CHECK, points=1e6)
    rich = replace(VERDICT, exercises=tuple(replace(each, checks=(check,)) for each in VERDICT.exercises))
    assert read_answer(verdict_answer(rich), PLAN, EXPECTED).points == 90.0


@pytest.mark.parametrize(("raised", "kind"), [
    (NotJudgedNow("busy"), NotJudgedNow), (SandboxUnavailable("no bubblewrap"), NotJudgedNow),
    (ValueError("odd"), JudgingFailed), (SystemExit("no"), JudgingFailed),
])  # fmt: skip
def test_an_error_of_a_worker_is_one_here(raised, kind):
    with pytest.raises(kind, match="a worker could not judge"):
        read_answer(error_answer(raised), PLAN, EXPECTED)
