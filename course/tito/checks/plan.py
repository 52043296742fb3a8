"""A module's parts, for the judge: given cells and exercises in order, and the test cells, from its source.

A plan is read from the module's own source (or, on a student's server, from the pristine release), never from a
submission: the plan decides what runs as a test and what counts as given.
"""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tito.errors import TitoError
from tito.source.declared import declared_checks

BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
HIDDEN_MARK = "### BEGIN HIDDEN TESTS"
HIDDEN = re.compile(r"[ \t]*### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS[^\n]*\n?", re.DOTALL)
# Modules that a test cell may import in the judge's own process; all other names are the student's.
JUDGES_OWN = [
    "numpy",
    "math",
    "itertools",
    "functools",
    "operator",
    "string",
    "collections",
    "statistics",
    "fractions",
    "time",
    "json",
    "re",
    "textwrap",
    "tinytorch.testing",
    "tinytorch.datasets",
]


class SourceCell(Protocol):
    """A cell of a percent file or of a notebook."""

    kind: str
    source: str
    number: int

    @property
    def nbgrader(self) -> dict: ...

    @property
    def name(self) -> str: ...

    def directives(self) -> dict[str, str]: ...


@dataclass(frozen=True)
class Step:
    """A cell that runs to build the module: a given one (`exercise` is "") or the place of a solution."""

    name: str
    source: str  # given code, or the reference solution if this plan has it
    exercise: str = ""
    stub: str = ""  # the solution cell as it is released
    exported: bool = False


@dataclass(frozen=True)
class Test:
    """A test cell."""

    name: str
    exercise: str
    source: str


@dataclass(frozen=True)
class Plan:
    """A module, ready to be judged. `points` and `uses` are by exercise."""

    slug: str
    steps: tuple[Step, ...]
    tests: tuple[Test, ...]
    imports: tuple[str, ...]  # import statements that give test cells the judge's own functions
    points: dict[str, float]
    uses: dict[str, tuple[str, ...]]
    has_reference: bool

    @property
    def solutions(self) -> dict[str, Step]:
        return {step.exercise: step for step in self.steps if step.exercise}

    def visible(self) -> "Plan":
        """Return a plan without hidden tests; each exercise has the points of its visible checks."""
        tests = tuple(Test(t.name, t.exercise, without_hidden(t.source)) for t in self.tests)
        points = dict.fromkeys(self.points, 0.0)
        for test in tests:
            points[test.exercise] += sum(check[1] for check in declared_checks(test.source) if not check[2])
        return replace(self, tests=tests, points=points)


def make_plan(slug: str, cells: Sequence[SourceCell], exercises: Sequence[Any], *, has_reference: bool) -> Plan:
    """Build the plan from a module's cells and its exercises (name, points, uses)."""
    code = [cell for cell in cells if cell.kind == "code"]
    names = {exercise.name for exercise in exercises}
    steps = [step for cell in code if (step := _step(cell, names, has_reference))]
    tests = [Test(cell.name, _exercise_of(cell, names), cell.source) for cell in code if _is_test(cell)]
    _complete(slug, names, steps, tests)
    return Plan(
        slug,
        tuple(steps),
        tuple(tests),
        tuple(_judges_imports(code)),
        {exercise.name: float(exercise.points) for exercise in exercises},
        {exercise.name: tuple(exercise.uses) for exercise in exercises},
        has_reference,
    )


def stub_of(source: str, exercise: str) -> str:
    """Return a solution cell as it is released: between the markers, an error that names the exercise."""
    lines: list[str] = []
    inside = False
    for line in source.splitlines():
        if line.strip() == BEGIN_SOLUTION:
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            lines.append(f'{indent}raise NotImplementedError("{not_solved(exercise)}")')
        elif line.strip() == END_SOLUTION:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def not_solved(exercise: str) -> str:
    """The message of an unsolved exercise."""
    return f"exercise '{exercise}' is not solved yet: replace this line by your solution"


def without_hidden(source: str) -> str:
    """Remove the hidden tests from a test cell."""
    return HIDDEN.sub("", source)


def _is_test(cell: SourceCell) -> bool:
    return bool(cell.nbgrader.get("grade")) and not cell.nbgrader.get("solution")


def _exercise_of(cell: SourceCell, names: set[str]) -> str:
    """The test cell of `add` is called `test_add`."""
    exercise = cell.name.removeprefix("test_")
    if exercise not in names:
        raise TitoError(
            f"test cell {cell.name!r} belongs to no exercise: name it test_NAME with a NAME of {sorted(names)}"
        )
    return exercise


def _step(cell: SourceCell, names: set[str], has_reference: bool) -> Step | None:
    if _is_test(cell):
        return None
    if cell.nbgrader.get("solution"):
        if cell.name not in names:
            raise TitoError(f"solution cell {cell.name!r} is not among the exercises of module.yaml: {sorted(names)}")
        stub = stub_of(cell.source, cell.name) if has_reference else cell.source
        return Step(cell.name, cell.source if has_reference else "", cell.name, stub, "export" in cell.directives())
    whole = bool({"export", "setup"} & set(cell.directives()))
    source = given_source(cell.source, whole=whole)
    name = cell.name or f"given cell {cell.number}"
    return Step(name, source, exported=whole) if source.strip() else None


def given_source(source: str, *, whole: bool) -> str:
    """Keep what the module needs of a given cell: all of an exported one, otherwise what merely defines something."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return ""  # a cell with magics is only for the notebook's readers
    kept = [node for node in statements if not _imports_testing(node) and (whole or defines_only(node))]
    if not whole:
        kept = [part for node in kept for part in single_imports(node)]
    return "\n\n".join(ast.get_source_segment(source, node) or ast.unparse(node) for node in _decorated(source, kept))


def _decorated(source: str, nodes: list[ast.stmt]) -> list[ast.stmt]:
    """Let a definition's segment start at its first decorator, not at `def`."""
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.decorator_list:
            first = node.decorator_list[0]
            node.lineno, node.col_offset = first.lineno, node.col_offset
    return nodes


def single_imports(node: ast.stmt) -> list[ast.stmt]:
    """Split `from tinytorch import manual_seed, viz`: a name that a worker lacks must not affect those that it has."""
    if isinstance(node, ast.ImportFrom) and len(node.names) > 1:
        return [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
    if isinstance(node, ast.Import) and len(node.names) > 1:
        return [ast.Import([alias]) for alias in node.names]
    return [node]


def defines_only(node: ast.stmt) -> bool:
    """Return whether a statement only defines something: an import, a function, a class, or a name for a constant."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return True
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return all(isinstance(target, ast.Name) for target in targets) and _is_constant(node.value)
    return False


def _is_constant(node: ast.expr) -> bool:
    """Literals, and arithmetic on literals such as `2**20`."""
    allowed = (
        ast.Constant, ast.UnaryOp, ast.BinOp, ast.Tuple, ast.List, ast.Dict, ast.Set,
        ast.operator, ast.unaryop, ast.expr_context,
    )  # fmt: skip
    return all(isinstance(part, allowed) for part in ast.walk(node))


def _imports_testing(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tinytorch.testing")


def _judges_imports(code: Sequence[SourceCell]) -> list[str]:
    found: list[str] = []
    for cell in code:
        if cell.nbgrader.get("solution"):
            continue
        try:
            statements = ast.parse(cell.source).body
        except SyntaxError:
            continue
        found += [ast.unparse(node) for node in statements if is_judges_import(node)]
    return list(dict.fromkeys(found))


def is_judges_import(node: ast.stmt) -> bool:
    """Return whether an import statement names only modules that the judge itself has."""
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and _is_judges_own(node.module or "")
    return isinstance(node, ast.Import) and all(_is_judges_own(alias.name) for alias in node.names)


def _is_judges_own(module: str) -> bool:
    return any(module == own or module.startswith(own + ".") for own in JUDGES_OWN)


def _complete(slug: str, names: set[str], steps: list[Step], tests: list[Test]) -> None:
    solved, tested = {step.exercise for step in steps if step.exercise}, {test.exercise for test in tests}
    for what, found in (("solution", solved), ("test", tested)):
        if missing := sorted(names - found):
            raise TitoError(
                f"module {slug}: no {what} cell for {', '.join(missing)}; module.yaml lists them as exercises"
            )
