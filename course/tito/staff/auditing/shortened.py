"""Judge with part of one test cell: only its visible or only its hidden checks, up to a given one.

The rest runs as in the judge, which makes these two passes too: the same draws from `test.rng`, the checks before
the last one in the same worker. The difference is that hidden checks run without the visible ones before them; so the
audit judges the reference in this way too, and a mutant's verdict counts only if the reference loses nothing.
"""

import ast
from dataclasses import replace

from tito.checks.plan import Plan
from tito.source.declared import declared_checks


def shortened(plan: Plan, exercise: str, *, hidden: bool, last: str | None = None) -> Plan:
    """Keep of the tests of `exercise` the hidden or the visible checks, up to the check with the title `last`."""
    tests = [
        replace(test, source=_shortened(test.source, hidden, last)) if test.exercise == exercise else test
        for test in plan.tests
    ]
    return replace(plan, tests=tuple(tests))


def checks_of(plan: Plan, exercise: str) -> dict[str, tuple[float, bool]]:
    """The checks of an exercise by title: points, and whether the check is hidden."""
    tests = [test for test in plan.tests if test.exercise == exercise]
    return {title: (points, hidden) for test in tests for title, points, hidden in declared_checks(test.source)}


def _shortened(source: str, hidden: bool, last: str | None) -> str:
    lines = source.splitlines()
    for node in ast.parse(source).body:
        found = _check(node)
        if found is None:
            continue
        title, is_hidden, first = found
        end = node.end_lineno or node.lineno
        if is_hidden != hidden:
            lines[first - 1 : end] = [""] * (end - first + 1)  # the lines of the others keep their numbers
        elif title == last:
            return "\n".join(lines[:end])
    return "\n".join(lines)


def _check(node: ast.stmt) -> tuple[str, bool, int] | None:
    """Title, hidden and first line of a statement that is a check."""
    declared = declared_checks(ast.unparse(node)) if isinstance(node, ast.FunctionDef) else []
    if not declared or not isinstance(node, ast.FunctionDef):
        return None
    title, _, hidden = declared[0]
    return title, hidden, min(decorator.lineno for decorator in node.decorator_list)
