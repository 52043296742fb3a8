"""Make the mutants of an exercise's reference: one small mistake each, in the part that a student writes.

>>> for mutant in mutants_of("relu", cell, Calls()):
...     print(mutant.kind, mutant.was, mutant.becomes)

The text of a mutant, and so its key, does not depend on the formatting or comments of the source.
"""

import ast
import copy
import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from tito.checks.plan import BEGIN_SOLUTION, END_SOLUTION
from tito.staff.auditing.operators import replacements
from tito.staff.auditing.tracing import Calls

# Helpers that mutants use, put at the beginning of the exercise's cell.
WORDS = """
def _then_change(x, result):
    import numpy
    array = x if isinstance(x, numpy.ndarray) else getattr(x, "data", None)
    if isinstance(array, numpy.ndarray):
        numpy.add(array, 1, out=array, casting="unsafe")
    return result


def _half(x):
    return x[: len(x) // 2]


def _without_gradient(x):
    return type(x)(x.data)
"""


@dataclass(frozen=True)
class Mutant:
    """A wrong solution: its cell, and the lines in which it differs from the reference."""

    exercise: str
    kind: str
    was: tuple[str, ...]
    becomes: tuple[str, ...]
    source: str = ""

    @property
    def key(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """The parts that stay the same when the source's formatting or comments change."""
        return self.exercise, self.was, self.becomes

    def __str__(self) -> str:
        lines = [f"    - {line}" for line in self.was] + [f"    + {line}" for line in self.becomes]
        return "\n".join([f"{self.exercise}: {self.kind}", *lines])


def mutants_of(exercise: str, cell: str, calls: Calls) -> list[Mutant]:
    """Make every mutant of one solution cell; `calls` tells what the exercise is called with."""
    tree = ast.parse(cell)
    region = _region(cell)
    reference = _lines(tree)
    found: dict[str, Mutant] = {}
    for kind, changed in (*_changes(tree, region), *_whole(tree, region, calls)):
        text = ast.unparse(ast.fix_missing_locations(changed))
        was, becomes = _difference(reference, _lines(changed))
        if (was or becomes) and text not in found and _compiles(text):
            found[text] = Mutant(exercise, kind, was, becomes, WORDS + text)
    return list({mutant.key: mutant for mutant in reversed(found.values())}.values())[::-1]


def _region(cell: str) -> range:
    """The lines that a student writes."""
    lines = [line.strip() for line in cell.splitlines()]
    return range(lines.index(BEGIN_SOLUTION) + 2, lines.index(END_SOLUTION) + 1)


def _changes(tree: ast.Module, region: range) -> Iterator[tuple[str, ast.Module]]:
    """Change one node at a time, but not the texts of error messages: no exercise is about those."""
    silent = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Raise) for part in _below(node)}
    silent |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in _below(node)}
    for node in ast.walk(tree):
        if _line_of(node) in region and id(node) not in silent:
            for kind, other in replacements(node):
                # deepcopy uses the memo's entry as the copy of a node, so the mutated node replaces it.
                yield kind, copy.deepcopy(tree, {id(node): copy.deepcopy(ast.copy_location(other, node))})


def _line_of(node: ast.AST) -> int:
    if isinstance(node, ast.comprehension):
        return node.iter.lineno
    return getattr(node, "lineno", 0)


def _below(node: ast.AST) -> list[ast.AST]:
    return [part for part in ast.walk(node) if part is not node]


def _whole(tree: ast.Module, region: range, calls: Calls) -> Iterator[tuple[str, ast.Module]]:
    """Mistakes of the function as a whole."""
    function = _function(tree, region)
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    first = next(node for node in function.body if node.lineno in region)
    place = function.body.index(first)

    def starting_with(text: str) -> ast.Module:
        body = [*function.body[:place], *ast.parse(text).body, *function.body[place:]]
        return copy.deepcopy(tree, {id(function.body): copy.deepcopy(body)})

    for name in names[:3]:
        yield "returns its input", starting_with(f"return {name}")
    for value in ("None", "0", "True"):
        yield "returns a constant", starting_with(f"return {value}")
    yield (
        "always raises",
        starting_with("raise ValueError(str([(x, getattr(x, 'shape', 0)) for x in locals().values()]))"),
    )
    if halved := [name for name in names if "batch" in calls.kinds(name)]:
        halves = ", ".join(f"_half({name})" for name in halved)
        yield "half the batch", starting_with(f"{', '.join(halved)} = {halves}")
    for name in names:
        if "array" in calls.kinds(name):  # lists go to the worker as copies: no check can see a change
            yield "changes its argument", _finished(tree, function, region, f"_then_change({name}, RESULT)")
    if "gradient" in calls.kinds("return"):
        yield "no gradient", _finished(tree, function, region, "_without_gradient(RESULT)")


def _function(tree: ast.Module, region: range) -> ast.FunctionDef:
    """The innermost function around the first line of the solution."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and any(part.lineno in region for part in node.body)
    ]
    return around[0]


def _finished(tree: ast.Module, function: ast.FunctionDef, region: range, template: str) -> ast.Module:
    """Pass each returned value through `template`; a function that returns nothing applies it at its end."""
    returns = [n for n in ast.walk(function) if isinstance(n, ast.Return) and n.value and n.lineno in region]
    memo: dict[int, ast.AST] = {}
    for node in returns:
        memo[id(node.value)] = _filled(template, copy.deepcopy(node.value))
    if not returns:
        last = ast.Expr(_filled(template, ast.Constant(None)))
        memo[id(function.body)] = copy.deepcopy([*function.body, last])  # type: ignore[assignment]
    return copy.deepcopy(tree, memo)


def _filled(template: str, result: ast.expr | None) -> ast.expr:
    call = ast.parse(template, mode="eval").body
    assert isinstance(call, ast.Call) and result is not None
    call.args = [result if getattr(a, "id", "") == "RESULT" else a for a in call.args]
    return call


def _lines(tree: ast.Module) -> list[str]:
    """The text of a cell without docstrings, which are not changed."""
    text = copy.deepcopy(tree)
    for node in ast.walk(text):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(ast.fix_missing_locations(text)).splitlines()


def _difference(old: list[str], new: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    was, becomes = [], []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            was += old[i:j]
            becomes += new[k:m]
    return tuple(line.strip() for line in was), tuple(line.strip() for line in becomes)


def _compiles(text: str) -> bool:
    try:
        compile(text, "<mutant>", "exec")
    except (SyntaxError, ValueError):
        return False
    return True
