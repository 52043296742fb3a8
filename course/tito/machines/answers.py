"""A worker's answer: written there as JSON, and read by the grading service, which trusts as little of it as it can.

The service itself knows the student, module, seed and mode. The exercises and their maximum points must be the
module's. The checks' results must be taken on trust: whoever runs a worker decides what passes.
"""

import json
import math
from dataclasses import fields, replace
from typing import Any

from exchange.protocol.verdicts import Check, ExerciseResult, ModuleResult, Note
from tito.checks.plan import Plan
from tito.checks.run import JudgingFailed, NotJudgedNow
from tito.errors import TitoError
from tito.judge.sandbox.limits import SandboxUnavailable

MOST_CHECKS = 200  # in an exercise
MOST_NOTES = 5000
MOST_TEXT = 100_000  # characters of one value
ERRORS: dict[str, type[TitoError]] = {each.__name__: each for each in (JudgingFailed, NotJudgedNow)}
# A machine that has lost its sandbox proves nothing about the submission: it is judged where there is one.
ERRORS[SandboxUnavailable.__name__] = NotJudgedNow


class BadAnswer(JudgingFailed):
    """A worker's answer is not a verdict on this module."""


def verdict_answer(verdict: ModuleResult) -> bytes:
    return json.dumps({"verdict": verdict.to_json()}).encode()


def error_answer(error: BaseException) -> bytes:
    return json.dumps({"error": type(error).__name__, "text": str(error)[:2000]}).encode()


def read_answer(data: bytes, plan: Plan, expected: ModuleResult) -> ModuleResult:
    """Return the verdict, or raise the error that the worker reports; BadAnswer for anything else.

    `expected` has what the service itself knows: slug, seed, mode, digest of the source.
    """
    try:
        said = json.loads(data, parse_constant=_no_constant)
        if "error" in said:
            raise ERRORS.get(said["error"], JudgingFailed)(f"a worker could not judge: {_text(said['text'])}")
        return _verdict(said["verdict"], plan, expected)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise BadAnswer(
            f"a worker's answer is not a verdict on {plan.slug} ({error}); the previous grade stands"
        ) from None


def _verdict(said: dict[str, Any], plan: Plan, expected: ModuleResult) -> ModuleResult:
    exercises = tuple(map(_exercise, said["exercises"]))
    refused = _text(said["refused"])
    if [(each.name, each.max_points) for each in exercises] != list(plan.points.items()):
        raise ValueError("its exercises or points are not the module's")
    if len(said["notes"]) > MOST_NOTES:
        raise ValueError(f"it has more than {MOST_NOTES} notes")
    notes = tuple(Note(_text(note["cell"]), _text(note["text"])) for note in said["notes"])
    versions = {name: _text(said["versions"][name]) for name in expected.versions}
    if any(versions[name] != known for name, known in expected.versions.items() if known):
        raise ValueError("it was judged with another source or version")
    return replace(
        expected, exercises=exercises, notes=notes, refused=refused, seconds=_number(said["seconds"]), versions=versions
    )


def _exercise(said: dict[str, Any]) -> ExerciseResult:
    if len(said["checks"]) > MOST_CHECKS:
        raise ValueError(f"an exercise has more than {MOST_CHECKS} checks")
    checks = tuple(map(_check, said["checks"]))
    return ExerciseResult(_text(said["name"]), _number(said["max_points"]), checks, _text(said["lent"]))


def _check(said: dict[str, Any]) -> Check:
    return Check(**{each.name: _KINDS[str(each.type)](said[each.name]) for each in fields(Check)})


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise TypeError(f"a value is not a text of at most {MOST_TEXT} characters")
    value.encode()  # half a character can't be stored anywhere
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise TypeError("a value is not a number of at least 0")
    return float(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("a value is not true or false")
    return value


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


_KINDS: dict[str, Any] = {str(str): _text, str(float): _number, str(bool): _flag}
