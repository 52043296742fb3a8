"""Run the cells of a module, one by one and statement by statement, as the notebook would.

A cell that does not compile is replaced by its untouched stub. A cell's definitions, imports and assignments stay even
if a later statement in it fails; names that the exercise then still lacks come from the stub.
"""

import __future__

import ast
import linecache
import sys
import traceback
from types import ModuleType
from typing import Any

LONGEST_MESSAGE = 2000


class Notebook:
    """The namespace that the cells of one module share."""

    def __init__(self, name: str):
        self.module = ModuleType(name)
        self._flags = 0  # of `from __future__ import`: as in a notebook, they apply to what follows
        self.module.__dict__["__builtins__"] = __builtins__
        sys.modules[name] = self.module  # pickling and dataclasses look the module up by name

    @property
    def names(self) -> dict[str, Any]:
        return self.module.__dict__

    def run(self, cell: str, source: str, stub: str = "") -> list[str]:
        """Run one cell; return in words what went wrong, [] if nothing did."""
        problems = self._run_source(cell, source)
        missing = [name for name in defined_names(stub) if name not in self.names] if problems and stub else []
        if missing:
            self._run_source(f"{cell} (as released)", stub, only=missing)
        return problems

    def _run_source(self, cell: str, source: str, only: list[str] | None = None) -> list[str]:
        filename = f"<{cell}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        try:
            statements = ast.parse(source, filename).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return [_syntax_problem(error)]
        if only is not None:
            statements = [node for node in statements if set(names_of(node)) & set(only)]
        problems = []
        for node in statements:
            problem = self._run_statement(node, filename)
            if problem:
                problems.append(problem)
        return problems

    def _run_statement(self, node: ast.stmt, filename: str) -> str:
        try:
            self._flags |= _future_flags(node)
            code = compile(ast.Module([node], []), filename, "exec", flags=self._flags, dont_inherit=True)
            exec(code, self.names)
        except BaseException as error:  # student code may raise anything, including SystemExit and KeyboardInterrupt
            return f"{type(error).__name__}: {message_of(error)} (line {line_in(error, filename) or node.lineno})"
        return ""


def defined_names(source: str) -> list[str]:
    """List the functions, classes and variables that a source defines at its top level."""
    try:
        return [name for node in ast.parse(source).body for name in names_of(node)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def names_of(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [leaf.id for target in targets if target for leaf in ast.walk(target) if isinstance(leaf, ast.Name)]


def _future_flags(node: ast.stmt) -> int:
    if not isinstance(node, ast.ImportFrom) or node.module != "__future__":
        return 0
    features = [getattr(__future__, alias.name, None) for alias in node.names]
    return sum({feature.compiler_flag for feature in features if feature})


def message_of(error: BaseException) -> str:
    """Return the text of an exception; its __str__ is student code and may itself fail."""
    try:
        text = error.args[0] if type(error) is KeyError and error.args and type(error.args[0]) is str else str(error)
        return str.__str__(text)[:LONGEST_MESSAGE]
    except BaseException:
        return "(its text can't be shown)"


def line_in(error: BaseException, prefix: str = "<") -> int:
    """Return the innermost line of `error` in a cell, 0 if there is none."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(prefix)]
    return frames[-1].lineno or 0 if frames else 0


def place_of(error: BaseException) -> str:
    """Say where in the cells `error` was raised: cell, line and its text."""
    try:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith("<")]
        frames = [f for f in frames if not f.filename.startswith("<frozen")]
    except BaseException:
        return ""
    if not frames:
        return ""
    last = frames[-1]
    return f"line {last.lineno} of cell {last.filename.strip('<>')}: {(last.line or '').strip()}"[:300]


def _syntax_problem(error: BaseException) -> str:
    line = getattr(error, "lineno", None)
    return f"{type(error).__name__}: {getattr(error, 'msg', None) or error}" + (f" (line {line})" if line else "")
