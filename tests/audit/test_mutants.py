"""Mutants are small and distinct, and are identified by text that does not depend on formatting."""

import pytest
from tito.staff.auditing.mutants import mutants_of
from tito.staff.auditing.tracing import Calls

CELL = '''#| export
def center(x, dim=0):
    """Subtract the mean, an array like x."""
    if x.ndim <= dim:
        raise ValueError(f"there is no dimension {dim - 0}")
    ### BEGIN SOLUTION
    total = np.sum(x, axis=dim, keepdims=True)
    return np.clip(x.T - total / 2, -1.0, None)
    ### END SOLUTION
'''
CALLS = Calls({"x": {"array", "batch"}, "dim": {"int"}, "return": {"array"}})


def changes(cell: str = CELL) -> set[tuple[str, tuple[str, ...]]]:
    return {(mutant.kind, mutant.becomes) for mutant in mutants_of("center", cell, CALLS)}


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("wrong reduction", "total = np.mean(x, axis=dim, keepdims=True)"),
        ("axis", "total = np.sum(x, keepdims=True)"),
        ("axis", "total = np.sum(x, axis=-1, keepdims=True)"),
        ("constant", "total = np.sum(x, axis=dim, keepdims=False)"),
        ("dropped option", "total = np.sum(x, axis=dim)"),
        ("missing transpose", "return np.clip(x - total / 2, -1.0, None)"),
        ("operator", "return np.clip(x.T + total / 2, -1.0, None)"),
        ("swapped operands", "return np.clip(total / 2 - x.T, -1.0, None)"),
        ("dropped term", "return np.clip(x.T, -1.0, None)"),
        ("dropped clip", "return x.T - total / 2"),
        ("sign", "return np.clip(x.T - total / 2, 1.0, None)"),
        ("constant", "return np.clip(x.T - total / 3, -1.0, None)"),
        ("deleted statement", "pass"),
        ("returns its input", "return x"),
        ("returns a constant", "return None"),
        ("half the batch", "x = _half(x)"),
        ("changes its argument", "return _then_change(x, np.clip(x.T - total / 2, -1.0, None))"),
    ],
)
def test_a_class_of_mistakes_is_made(kind, line):
    assert (kind, (line,)) in changes()


def test_only_what_a_student_writes_is_changed():
    given = {"if x.ndim <= dim:", 'raise ValueError(f"there is no dimension {dim - 0}")'}
    assert all(not given & set(mutant.was) for mutant in mutants_of("center", CELL, CALLS))


def test_each_mutant_is_there_once_and_compiles():
    mutants = mutants_of("center", CELL, CALLS)
    assert len({mutant.key for mutant in mutants}) == len(mutants) > 25
    for mutant in mutants:
        compile(mutant.source, "mutant", "exec")


def test_formatting_and_comments_change_no_key():
    again = CELL.replace("x.T - total / 2", "(x.T -  total/2)").replace("    total =", "    # the sum\n    total =")
    assert {m.key for m in mutants_of("center", again, CALLS)} == {m.key for m in mutants_of("center", CELL, CALLS)}


def test_a_number_is_no_argument_that_can_be_changed():
    assert not [lines for kind, lines in changes() if kind == "changes its argument" and "dim," in lines[0]]
