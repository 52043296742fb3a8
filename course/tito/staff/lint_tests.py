"""Rules for test cells, which run on plain objects in the notebook and on handles in the judge."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tito.errors import Finding
from tito.source.percent import Cell
from tito.staff.lint_source import ModuleSource, called, constant

BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
LEAST_VISIBLE, MOST_VISIBLE = 0.20, 0.45
# The test's own functions may be passed to these, which run them on the judge's side.
TAKE_FUNCTIONS = {"check_gradient", "raises", "sorted", "map", "filter", "max", "min", "sum", "any", "all"}
WORDS = {"same", "close", "true", "raises", "check_gradient", "unchanged"}
COMPARE = {"same", "close", "true", "check_gradient"}  # these check what a function returned
LITERAL_ITERATORS = {"range", "enumerate", "zip", "reversed", "sorted", "product"}


@dataclass(frozen=True)
class Check:
    """One `@test.check(...)` in a cell."""

    node: ast.FunctionDef
    title: str
    points: float | None
    hidden: bool


def check_tests(source: ModuleSource) -> Iterator[Finding]:
    """Check every test cell of a module."""
    points = {f"test_{exercise.name}": exercise.points for exercise in source.module.exercises}
    for cell in source.tests:
        if cell.name not in points:
            yield source.at(cell, f"the test cell '{cell.name}' belongs to no exercise: it must be named test_EXERCISE")
            continue
        yield from _check_cell(source, cell, points[cell.name])


def _check_cell(source: ModuleSource, cell: Cell, points: float) -> Iterator[Finding]:
    tree = source.tree(cell)
    exercise = cell.name.removeprefix("test_")
    if not tree.body or ast.unparse(tree.body[0]) != f"test = unit_test('{exercise}')":
        yield source.at(cell, f'a test cell must start with: test = unit_test("{exercise}")')
    if not tree.body or ast.unparse(tree.body[-1]) != "test.report()":
        yield source.at(cell, "a test cell must end with: test.report()")
    if "export" in cell.directives():
        yield source.at(cell, "a test cell must not be exported")
    checks = list(_find_checks(tree))
    yield from _check_points(source, cell, checks, points)
    yield from _check_hidden(source, cell, checks)
    yield from _check_statements(source, cell, tree)
    yield from _check_functions(source, cell, tree, checks)
    yield from _check_loops(source, cell, tree, checks)
    yield from _check_answers(source, cell, tree, checks)


def _find_checks(tree: ast.Module) -> Iterator[Check]:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and called(decorator.func) == "test.check":
                options = {keyword.arg: constant(keyword.value) for keyword in decorator.keywords}
                title = constant(decorator.args[0]) if decorator.args else None
                given = decorator.args[1] if len(decorator.args) > 1 else None
                points = constant(given) if given is not None else options.get("points")
                number = points if isinstance(points, (int, float)) else None
                yield Check(node, str(title or ""), number, bool(options.get("hidden")))


def _check_points(source: ModuleSource, cell: Cell, checks: list[Check], points: float) -> Iterator[Finding]:
    for check in checks:
        if check.points is None:
            yield source.at(cell, "a check must give its points as a number: points=5", check.node.lineno)
        if not check.title:
            yield source.at(cell, "a check must have a title", check.node.lineno)
        if [other.title for other in checks].count(check.title) > 1:
            yield source.at(cell, f"two checks have the title '{check.title}': rename one", check.node.lineno)
    total = sum(check.points or 0 for check in checks)
    if total != points:
        yield source.at(cell, f"the checks' points must add up to the exercise's {points:g}, they add up to {total:g}")
    visible = sum(check.points or 0 for check in checks if not check.hidden)
    if total and not LEAST_VISIBLE <= visible / total <= MOST_VISIBLE:
        share = f"{visible:g} of {total:g}, {visible / total:.0%}"
        yield source.at(cell, f"visible checks must have 20 to 45 % of the points (aim for 30), they have {share}")
    if not any(check.hidden for check in checks):
        yield source.at(cell, "at least one check must be hidden")


def _check_hidden(source: ModuleSource, cell: Cell, checks: list[Check]) -> Iterator[Finding]:
    inside, regions, start = False, [], 0
    for number, line in enumerate(cell.source.splitlines(), start=1):
        if BEGIN in line:
            if inside:
                yield source.at(cell, f"'{BEGIN}' is inside another one", number)
            inside, start = True, number
        elif END in line:
            if not inside:
                yield source.at(cell, f"'{END}' has no '{BEGIN}'", number)
            regions.append((start, number))
            inside = False
    if inside:
        yield source.at(cell, f"'{BEGIN}' has no '{END}'", start)
    for check in checks:
        first = min([check.node.lineno, *(decorator.lineno for decorator in check.node.decorator_list)])
        within = any(begin < first and (check.node.end_lineno or first) < end for begin, end in regions)
        if check.hidden and not within:
            yield source.at(cell, f"'{check.title}' has hidden=True outside '{BEGIN}': students would see it", first)
        if within and not check.hidden:
            yield source.at(cell, f"'{check.title}' is hidden from students: add hidden=True", first)


def _check_statements(source: ModuleSource, cell: Cell, tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 1)
        if isinstance(node, ast.Assert):
            yield source.at(cell, "use the functions of tinytorch.testing (same, close, true ...), not assert", line)
        if isinstance(node, ast.Attribute) and called(node) == "np.random":
            yield source.at(cell, "draw random numbers from test.rng, not np.random", line)
        if _writes_into_data(node):
            yield source.at(cell, "set state by assignment (p.data = array), never in place through .data", line)
        if isinstance(node, ast.Call) and called(node.func) in ("same", "close"):
            for argument in node.args[:2]:
                if isinstance(argument, ast.Call) and called(argument.func) in ("Tensor", "tensor", "Parameter"):
                    message = f"compare plain numbers and arrays, not a {called(argument.func)}: use .data"
                    yield source.at(cell, message, line)


def _writes_into_data(node: ast.AST) -> bool:
    """`x.data[0] = 1`, `x.data[0] += 1` and `x.data += 1` write into an array of which the judge has only a copy."""
    if isinstance(node, ast.AugAssign):
        target = node.target
        return _is_data(target) or (isinstance(target, ast.Subscript) and _is_data(target.value))
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Subscript) and _is_data(target.value) for target in node.targets)
    return False


def _is_data(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "data"


def _check_functions(source: ModuleSource, cell: Cell, tree: ast.Module, checks: list[Check]) -> Iterator[Finding]:
    """The test's own classes and functions must not be passed to student code."""
    bodies = {check.node for check in checks}
    own = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n not in bodies}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            message = "a test cell must not define a class: use tinytorch.testing's fixtures for models and datasets"
            yield source.at(cell, message, node.lineno)
        if not isinstance(node, ast.Call):
            continue
        name = called(node.func)
        if name in TAKE_FUNCTIONS or name in own or name.split(".")[0] in ("np", "math", "test"):
            continue
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            if isinstance(argument, ast.Lambda) or (isinstance(argument, ast.Name) and argument.id in own):
                message = (
                    f"the test's own function must not be passed to student code ({name or 'a call'}): use a fixture"
                )
                yield source.at(cell, message, argument.lineno)


def _check_loops(source: ModuleSource, cell: Cell, tree: ast.Module, checks: list[Check]) -> Iterator[Finding]:
    """A loop over what student code returned tests nothing if that is empty, so the check must also count it."""
    for check in checks:
        counted = any(isinstance(n, ast.Call) and called(n.func) == "len" for n in ast.walk(check.node))
        plain = _plain_names(tree) | _plain_names(check.node)
        for node in ast.walk(check.node):
            if not isinstance(node, ast.For) or counted or _is_plain(node.iter, plain):
                continue
            if any(isinstance(n, ast.Call) and called(n.func) in WORDS for n in ast.walk(node)):
                message = "a loop over what student code returned also needs a count: same(len(...), n)"
                yield source.at(cell, message, node.lineno)


def _check_answers(source: ModuleSource, cell: Cell, tree: ast.Module, checks: list[Check]) -> Iterator[Finding]:
    """A function that always raises must get no points: every check must also check a returned value."""
    helpers = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for check in checks:
        if not _looks_at_an_answer(check.node, helpers):
            message = (
                f"'{check.title}' passes for a function that always raises: before 'raises', compare a right answer "
                "in the same check"
            )
            yield source.at(cell, message, check.node.lineno)


def _looks_at_an_answer(node: ast.FunctionDef, helpers: dict[str, ast.FunctionDef]) -> bool:
    """Return whether a check, or a function of the cell that it calls, compares anything but an error's message."""
    messages = _messages(node)
    for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):
        name = called(call.func)
        if name in COMPARE and not any(_is_message(argument, messages) for argument in call.args):
            return True
        if name in helpers and helpers[name] is not node:
            rest = {key: helper for key, helper in helpers.items() if helper is not node}
            if _looks_at_an_answer(helpers[name], rest):
                return True
    return False


def _messages(node: ast.AST) -> set[str]:
    """The names that were assigned what `raises` returned: an error's message."""
    assigned = [n for n in ast.walk(node) if isinstance(n, ast.Assign) and _calls_raises(n.value)]
    return {leaf.id for n in assigned for t in n.targets for leaf in ast.walk(t) if isinstance(leaf, ast.Name)}


def _is_message(node: ast.AST, messages: set[str]) -> bool:
    return _calls_raises(node) or any(isinstance(n, ast.Name) and n.id in messages for n in ast.walk(node))


def _calls_raises(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Call) and called(n.func) == "raises" for n in ast.walk(node))


def _plain_names(tree: ast.AST) -> set[str]:
    """The names to which the test itself assigned a literal, a range or a numpy array."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _is_plain(node.value, found):
            for target in node.targets:
                found |= {leaf.id for leaf in ast.walk(target) if isinstance(leaf, ast.Name)}
        elif isinstance(node, ast.For) and _is_plain(node.iter, found):
            found |= {leaf.id for leaf in ast.walk(node.target) if isinstance(leaf, ast.Name)}
    return found


def _is_plain(node: ast.AST, plain: set[str]) -> bool:
    if isinstance(node, (ast.Constant, ast.JoinedStr)):
        return True
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        # The loop's length is in the source, whatever its items are.
        return True
    if isinstance(node, ast.Name):
        return node.id in plain
    if isinstance(node, (ast.Attribute, ast.Subscript)):
        return _is_plain(node.value, plain)
    if isinstance(node, ast.Dict):
        return True
    if isinstance(node, ast.Call):
        name = called(node.func)
        if name in LITERAL_ITERATORS:
            return all(_is_plain(argument, plain) for argument in node.args)
        if name.split(".")[0] in ("np", "itertools", "math") or name.startswith("test.rng"):
            return True
        if isinstance(node.func, ast.Attribute):
            return _is_plain(node.func.value, plain)
    return False
