"""Rules for exercise cells: what they define, describe, solve and export."""

import ast
import re
import sys
from collections.abc import Iterator

from tito.curriculum import load_curriculum
from tito.errors import Finding
from tito.source.export import Exported
from tito.source.percent import Cell
from tito.staff.lint_source import ModuleSource, called

MOST_EXERCISES, MOST_LINES = 6, 90
WORDS = ("TODO:", "APPROACH:", "EXAMPLE:", "HINT")
FIRST_ALONE = 2  # from this module on, one exercise per module may have no APPROACH: students find the steps themselves
ALWAYS_ALONE = 9  # from this module on, one must have none
OUTSIDE = sys.stdlib_module_names | {"numpy", "__future__"}
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


def check_exercises(source: ModuleSource, exported: Exported) -> Iterator[Finding]:
    """Check every exercise cell, and what exported cells import and define."""
    yield from _check_list(source)
    yield from _check_names(source, exported)
    for cell in source.solutions:
        yield from _check_cell(source, cell)
    yield from _check_alone(source)
    yield from _check_marks(source)
    yield from _check_imports(source)
    yield from _check_classes(source)


def _check_list(source: ModuleSource) -> Iterator[Finding]:
    wanted = [exercise.name for exercise in source.module.exercises]
    there = [cell.name for cell in source.solutions]
    for cell in source.solutions:
        if cell.name not in wanted:
            yield source.at(cell, f"the exercise '{cell.name}' is not in module.yaml: add it with its points")
    for name in wanted:
        if name not in there:
            yield source.in_yaml(f"'exercises' names '{name}', but no solution cell has this grade_id")
    if sorted(wanted) == sorted(there) and wanted != there:
        yield source.in_yaml(f"'exercises' must be in the notebook's order: {', '.join(there)}")
    if len(there) > MOST_EXERCISES:
        yield source.at(source.solutions[MOST_EXERCISES], f"a module may have at most {MOST_EXERCISES} exercises")
    for answer in source.module.written_answers:
        if answer.name not in [cell.name for cell in source.written]:
            yield source.in_yaml(
                f"'written' names '{answer.name}', but no text cell with grade: true has this grade_id"
            )
    lines = [(cell, line) for cell in source.solutions for line in solution_lines(cell)]
    if len(lines) > MOST_LINES:
        cell, line = lines[MOST_LINES]
        yield source.at(cell, f"a module has at most {MOST_LINES} lines of solution, this one has {len(lines)}", line)


def _check_names(source: ModuleSource, exported: Exported) -> Iterator[Finding]:
    """Every public function and class of the exported cells is in `exports`; constants need not be."""
    for cell in source.code:
        if "export" not in cell.directives():
            continue
        for node in source.tree(cell).body:
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name.startswith("_"):
                continue
            if node.name not in source.module.exports:
                message = f"'{node.name}' is exported but not in module.yaml: add it to 'exports', or begin it with _"
                yield source.at(cell, message, node.lineno)


def solution_lines(cell: Cell) -> list[int]:
    """List the lines of the cell's solution, without blank lines and comments."""
    found, inside = [], False
    for number, line in enumerate(cell.source.splitlines(), start=1):
        if BEGIN in line or END in line:
            inside = BEGIN in line
        elif inside and line.strip() and not line.strip().startswith("#"):
            found.append(number)
    return found


def _check_cell(source: ModuleSource, cell: Cell) -> Iterator[Finding]:
    if "export" not in cell.directives():
        yield source.at(cell, f"the exercise '{cell.name}' must be exported: begin the cell with '#| export'")
    if cell.nbgrader.get("grade"):
        yield source.at(cell, f"'{cell.name}' can't be both a solution and a test: make a test cell 'test_{cell.name}'")
    defined = [n for n in source.tree(cell).body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    if len(defined) != 1 or _plain(defined[0].name) != _plain(cell.name):
        names = ", ".join(node.name for node in defined) or "nothing"
        yield source.at(
            cell, f"the cell of '{cell.name}' must define exactly that function or class, it defines {names}"
        )
        return
    if not solution_lines(cell):
        yield source.at(cell, f"'{cell.name}' must have its solution between '{BEGIN}' and '{END}'")
    yield from _check_docstring(source, cell, defined[0])
    yield from _check_test_follows(source, cell)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _check_docstring(source: ModuleSource, cell: Cell, node: ast.AST) -> Iterator[Finding]:
    for word in WORDS:
        if word == "APPROACH:" and source.module.number >= FIRST_ALONE:
            continue  # see _check_alone
        if not _says(node, word):
            line = getattr(node, "lineno", 1)
            yield source.at(
                cell, f"the docstring of '{cell.name}' must have '{word.rstrip(':')}:' at the start of a line", line
            )


def _says(node: ast.AST, word: str) -> bool:
    """Return whether a docstring in the cell has the word at the start of a line."""
    texts = [
        ast.get_docstring(each) or ""
        for each in ast.walk(node)
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    ]
    return any(re.search(rf"^\s*{re.escape(word)}", text, re.MULTILINE) for text in texts)


def _check_alone(source: ModuleSource) -> Iterator[Finding]:
    """From module 02 on at most one exercise has no APPROACH, from module 09 on exactly one."""
    if source.module.number < FIRST_ALONE or not source.solutions:
        return
    alone = [cell for cell in source.solutions if not _says(source.tree(cell), "APPROACH:")]
    if not alone and source.module.number >= ALWAYS_ALONE:
        yield source.at(
            source.solutions[-1], "one exercise in a module must have no 'APPROACH:', so that students find the steps"
        )
    for cell in alone[1:]:
        yield source.at(cell, f"only one exercise may have no 'APPROACH:', and '{alone[0].name}' already has none")


def _check_test_follows(source: ModuleSource, cell: Cell) -> Iterator[Finding]:
    heading = source.after(cell)
    if not heading or f"### 🧪 Unit Test: {cell.name}" not in heading.source.splitlines():
        yield source.at(cell, f"the exercise must be followed by a text cell '### 🧪 Unit Test: {cell.name}'")
        return
    test = source.after(heading)
    if not test or test.name != f"test_{cell.name}":
        yield source.at(heading, f"the heading must be followed by the test cell 'test_{cell.name}'")


def _check_marks(source: ModuleSource) -> Iterator[Finding]:
    for cell in source.code:
        open_line = 0
        for number, line in enumerate(cell.source.splitlines(), start=1):
            if BEGIN in line and not cell.nbgrader.get("solution"):
                yield source.at(cell, f"'{BEGIN}' is allowed only in a solution cell", number)
            if BEGIN in line and open_line:
                yield source.at(cell, f"'{BEGIN}' is inside another one", number)
            if END in line and not open_line:
                yield source.at(cell, f"'{END}' has no '{BEGIN}'", number)
            open_line = number if BEGIN in line else 0 if END in line else open_line
        if open_line:
            yield source.at(cell, f"'{BEGIN}' has no '{END}'", open_line)


def _check_imports(source: ModuleSource) -> Iterator[Finding]:
    """Exported cells may import numpy, the standard library, and what is complete before this module."""
    assert source.module.folder is not None
    curriculum = load_curriculum(source.module.folder.parent.parent)
    earlier = {f"tinytorch.core.{m.slug}" for m in curriculum.modules if m.number < source.module.number}
    rooms = {
        "data.bases", "explaining", "layout", "nn.module_base", "optim.bases", "profiling", "random", "recording",
        "saving", "tensor_base", "versions", "words.slopes",
    }  # fmt: skip
    allowed = earlier | {"tinytorch", *(f"tinytorch.{room}" for room in rooms)}
    for cell in source.code:
        if "export" not in cell.directives():
            continue
        for node in ast.walk(source.tree(cell)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
                if node.level:
                    yield source.at(cell, "exported cells must import by full name: tinytorch.core.NAME", node.lineno)
            for name in names:
                if name.split(".")[0] not in OUTSIDE and name not in allowed:
                    rule = "exported cells may import numpy, the standard library and earlier tinytorch.core modules"
                    yield source.at(cell, f"{rule}, not {name}", getattr(node, "lineno", 1))


def _check_classes(source: ModuleSource) -> Iterator[Finding]:
    """No cell may assign to a class that another cell defines or imports."""
    owners = _class_owners(source)
    for cell in source.code:
        for node in ast.walk(source.tree(cell)):
            for name in _assigned_owners(node):
                if name in owners and owners[name] is not cell:
                    message = f"a cell must not assign to another cell's class: let a method of {name} call a function"
                    yield source.at(cell, message, getattr(node, "lineno", 1))


def _class_owners(source: ModuleSource) -> dict[str, Cell]:
    owners: dict[str, Cell] = {}
    for cell in source.code:
        for node in source.tree(cell).body:
            if isinstance(node, ast.ClassDef):
                owners[node.name] = cell
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tinytorch."):
                for alias in node.names:
                    name = alias.asname or alias.name
                    if name[:1].isupper() and not name.isupper():
                        owners[name] = Cell("code", "", 0, 0)  # another module's class: no cell here owns it
    return owners


def _assigned_owners(node: ast.AST) -> list[str]:
    """Name the objects whose attributes change: `T.x = 1`, `T.x += 1`, `setattr(T, ...)`, `del T.x`."""
    if isinstance(node, ast.Call) and called(node.func) in ("setattr", "delattr") and node.args:
        return [called(node.args[0])]
    targets: list[ast.expr] = []
    if isinstance(node, (ast.Assign, ast.Delete)):
        targets = node.targets
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        targets = [node.target]
    return [called(target.value) for target in targets if isinstance(target, ast.Attribute)]
