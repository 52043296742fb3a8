"""Find what students wrote in their notebook: a solution for each exercise, and definitions that they added anywhere.

Exercises are found by grade_id, or if that is lost, by what a cell defines; other metadata of the submission is
ignored. Nothing else in the notebook runs: not its copies of tests, nor code that merely prints or draws.
"""

import ast
import builtins
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from exchange.protocol.verdicts import Note
from tito.checks.notebook_syntax import as_python
from tito.checks.parsing import MOST_CODE, bound_names, compiles, defined_names, statements_of, why_too_much
from tito.checks.plan import Plan, defines_only, single_imports
from tito.source.notebook import NOT_SOLVED
from tito.source.percent import Cell
from tito.worker.cells import names_of

MOST_EXTRAS = 500  # a notebook with functions of the student's own has about ten


@dataclass(frozen=True)
class Extra:
    """A definition that the student added; it runs after the exercise `after`, or before the first if that is ""."""

    name: str
    source: str
    after: str = ""


@dataclass(frozen=True)
class Answers:
    """A student's code. An exercise that is not in `solutions` runs as its stub; those in `tried` have an answer."""

    solutions: dict[str, tuple[str, ...]]
    tried: frozenset[str] = frozenset()
    extras: tuple[Extra, ...] = ()
    notes: tuple[Note, ...] = ()

    def replaced(self, sources: dict[str, str]) -> "Answers":
        """Replace the sources of some exercises."""
        return replace(self, solutions=self.solutions | {name: (text,) for name, text in sources.items()})


@dataclass
class _Finding:
    visible_tests: list[str]
    parts: dict[str, list[str]] = field(default_factory=dict)
    extras: list[Extra] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def find_answers(plan: Plan, cells: Sequence[Cell], reading: Callable[[str], None] = lambda place: None) -> Answers:
    """Read the student's cells; `reading` is called with the name of each one before it is read."""
    found = _Finding(visible_tests=[test.source.strip() for test in plan.visible().tests])
    tests = {test.name for test in plan.tests}
    after = ""
    for cell in _short_enough(cells, found.notes):
        reading(f"cell {cell.number}")
        if cell.name in plan.solutions and _take_solution(plan, cell, found):
            after = cell.name
        elif cell.kind == "code" and cell.name not in plan.solutions:
            _take_extras(plan, cell, after, found, is_test=cell.name in tests)
    solutions = {name: _merge(name, parts, found.notes) for name, parts in found.parts.items()}
    solutions, extras, tried = _settle(plan, solutions, found)
    return Answers(solutions, frozenset(tried), tuple(extras), tuple(found.notes))


def _short_enough(cells: Sequence[Cell], notes: list[Note]) -> Iterator[Cell]:
    """Leave out code that would take long to parse, with a note."""
    room = MOST_CODE
    for cell in cells:
        why = why_too_much(cell.source)
        if not why and len(cell.source) > room:
            why = f"this cell exceeds the limit of {MOST_CODE} characters of code in a notebook: load data from a file"
        if why and cell.kind == "code":
            notes.append(Note(cell.name or f"cell {cell.number}", f"{why} (cell {cell.number} was left out)"))
        elif not why:
            room -= len(cell.source) if cell.kind == "code" else 0
            yield cell


def _take_solution(plan: Plan, cell: Cell, found: _Finding) -> bool:
    source = _without_tests(found.visible_tests, cell.source.lstrip("\ufeff"))
    if cell.kind != "code":
        if not source.strip() or not defined_names(as_python(source)[0]):
            return False
        found.notes.append(Note(cell.name, f"the cell is of type {cell.kind}: graded as code"))
    if not compiles("\n".join([*found.parts.get(cell.name, []), source])):  # else it is a part
        source, changes = as_python(source)
        found.notes += [Note(cell.name, change) for change in changes]
    if source.strip():
        found.parts.setdefault(cell.name, []).append(source)
    return True


def _without_tests(visible_tests: list[str], source: str) -> str:
    """Remove a test's text from a solution cell that was merged with the test cell below it."""
    for test in visible_tests:
        source = source.replace(test, "")
    return source


def _merge(name: str, parts: list[str], notes: list[Note]) -> tuple[str, ...]:
    """Merge cells with one grade_id: an untouched copy is no answer; the others run in order, as in the notebook."""
    if len(parts) == 1:
        return (parts[0],)
    marker = NOT_SOLVED.format(name=name)
    written = [part for part in parts if marker not in part] or parts[:1]
    if len(written) == 1:
        notes.append(Note(name, "this cell occurs several times; the one that you changed was graded"))
        return (written[0],)
    notes.append(Note(name, "this cell occurs several times; all of them were run in order, as in the notebook"))
    joined = "\n".join(written)
    return (joined,) if not all(map(compiles, written)) and compiles(joined) else tuple(written)


def _take_extras(plan: Plan, cell: Cell, after: str, found: _Finding, *, is_test: bool) -> None:
    source, _ = as_python(cell.source.lstrip("\ufeff"))
    for node in (part for statement in statements_of(source) or () for part in single_imports(statement)):
        names = names_of(node) if defines_only(node) else []
        if not names or (is_test and _is_check(node)):
            continue
        if len(found.extras) >= MOST_EXTRAS:
            found.notes.append(Note("", f"only the first {MOST_EXTRAS} of your own definitions were run"))
            return
        found.extras.append(Extra(f"your cell {cell.number}", _text_of(node, source), after))


def _text_of(node: ast.stmt, source: str) -> str:
    """Return whole lines, from the first decorator; parts of a split statement have no lines of their own."""
    if not hasattr(node, "lineno"):
        return ast.unparse(node)
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    return "\n".join(source.splitlines()[first - 1 : node.end_lineno])


def _is_check(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and (node.name == "_" or bool(node.decorator_list))


def _settle(plan: Plan, solutions: dict[str, tuple[str, ...]], found: _Finding) -> tuple[dict, list[Extra], set]:
    """Decide which extra definitions run: new names do; the module's names only where an exercise has no answer."""
    owner = {name: step.exercise for step in plan.steps for name in defined_names(step.stub or step.source)}
    touched = {n for n, parts in solutions.items() if NOT_SOLVED.format(name=n) not in "\n".join(parts)}
    written = {n for n in touched if _defines_any(solutions[n], defined_names(plan.solutions[n].stub))}
    # An answer in another exercise's cell (two cells merged into one) is an answer too.
    elsewhere = {name for n in touched for part in solutions[n] for name in defined_names(part)}
    extras = []
    for extra in found.extras:
        names = defined_names(extra.source)
        owners = {owner[name] for name in names if name in owner}
        if any(hasattr(builtins, name) for name in names) and not owners:
            found.notes.append(
                Note(extra.name, f"'{names[0]}' is one of Python's own names: this definition was left out")
            )
        elif not owners:
            extras.append(extra)
        elif "" not in owners and not owners & written and not set(names) & elsewhere:
            found.notes.append(Note(next(iter(owners)), f"the answer was found in {extra.name}"))
            extras.append(extra)
            written |= owners
            solutions |= dict.fromkeys(owners - touched, ())  # other code in the exercise's own cell still runs
    for exercise, step in plan.solutions.items():
        if exercise not in written and set(defined_names(step.stub)) & elsewhere:
            if exercise not in touched:
                solutions[exercise] = ()
            written.add(exercise)
            found.notes.append(Note(exercise, "the answer was found in another exercise's cell"))
        elif exercise not in solutions and not any(note.cell == exercise for note in found.notes):
            found.notes.append(Note(exercise, "the cell is missing and no other cell defines the exercise: no answer"))
        elif exercise in touched - written and all(map(compiles, solutions[exercise])):
            asked = ", ".join(defined_names(step.stub))
            found.notes.append(Note(exercise, f"neither this cell nor any you added defines {asked}: no answer"))
    broken = {name for name in touched if not all(map(compiles, solutions[name]))}
    return solutions, extras, written | broken


def _defines_any(parts: Sequence[str], names: Sequence[str]) -> bool:
    """A comment, an import or a helper is no answer; nor is text that is not Python, if there is another answer."""
    return not names or any(name in bound_names(part) for part in parts for name in names)
