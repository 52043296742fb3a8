"""Mistakes that students make cost points, and a message says what is wrong: exercises of module 20."""

import pytest

from tests.modules.judging import each_of, judge_told_mistake, with_fewer_than_two

pytestmark = pytest.mark.modules

SEEDED = "manual_seed(seed_of(seed, name, done[name]))"
CALLED = "steps[name](copy.deepcopy(stages[-1]), amount)"
REST = "order[:place] + order[place + 1 :]"

# (exercise, what is wrong, the text of the reference, what replaces it, words of a failed check's message)
MISTAKES = [
    ("validate_entry", "compares sizes", "array.shape != tuple(shape)", "array.size != math.prod(shape)",
     "missing keys: ['1.bias']"),
    ("validate_entry", "compares with a bound", "not np.isfinite(array).all()", "np.abs(array).max() > 1e30",
     "missing keys: ['1.bias']"),
    ("validate_entry", "lets others come along", 'faults[name] = "unknown"', "pass", "missing keys: ['accuracy']"),
    ("validate_entry", "stops at missing ones", "for name, array in arrays.items():",
     "for name, array in arrays.items() if not faults else ():", "missing keys: ['1.bias']"),
    ("validate_entry", "wants all numbers infinite", "not np.isfinite(array).all()", "not np.isfinite(array).any()",
     "missing keys: ['1.weight']"),
    ("score", "forbids the limit", ".get(name, nothing) <= bound", ".get(name, nothing) < bound", "inf"),
    ("score", "asks what is broken", "not measured.get(name, nothing) >= bound", "measured.get(name, nothing) < bound",
     "-inf was expected"),
    ("score", "forgets the minus", "else -value", "else value", "4000"),
    ("score", "takes any word", 'if event["better"] not in ("higher", "lower"):', "if False:", "ValueError"),
    ("recipe", "changes what was given", "stages = [copy.deepcopy(model)]", "stages = [model]",
     "the model that was given"),
    ("recipe", "holds one model", CALLED, "steps[name](stages[-1], amount)", "differ"),
    ("recipe", "copies the outside only", CALLED, "steps[name](copy.copy(stages[-1]), amount)", "differ"),
    ("recipe", "seeds once", SEEDED, "manual_seed(seed) if len(stages) == 1 else None", "differ"),
    ("recipe", "seeds all alike", SEEDED, "manual_seed(seed_of(seed, name, 0))", "differ"),
    ("recipe", "notices names late", "if unknown:", "if False:", "KeyError"),
    ("ablation", "leaves out a name", REST, "[step for step in order if step != order[place]]", "differ"),
    ("ablation", "turns the sign", "whole[measure] - without[measure]", "without[measure] - whole[measure]", "differ"),
    ("ablation", "keeps the last step", "for place in range(len(order)):", "for place in range(len(order) - 1):",
     "items"),
]  # fmt: skip


@each_of(MISTAKES)
def test_a_mistake_costs_points_and_is_told(mistake):
    judge_told_mistake(mistake)


def test_every_exercise_has_at_least_two_mistakes():
    assert with_fewer_than_two(MISTAKES, "olympics") == []
