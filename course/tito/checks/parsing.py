"""Parse a student's code, once, and only if it can be parsed quickly.

Python's parser is quadratic for some sources: a name of 98,000 dots takes 6 seconds, and nothing can interrupt it. So
length and names are bounded first; the judge runs this in a process that can be killed (`tito.judge.apart`).
"""

import ast
import functools
import re
from collections.abc import Iterable, Iterator

from tito.worker.cells import names_of

LONGEST_CODE = 50_000  # characters in one cell; the course's own longest has 5,000
MOST_CODE = 300_000  # characters in all code cells of a notebook
MOST_DOTS = 100  # in the name of a module
# Possessive, so that searching is linear; blanks and escaped line ends may separate the parts of a name.
_BLANK = r"(?:[ \t\f]|\\\n)*+"
_LONG_NAME = re.compile(rf"\b(?:import|from)\b{_BLANK}\w*+(?:{_BLANK}\.{_BLANK}\w*+){{{MOST_DOTS}}}")


def why_too_much(source: str) -> str:
    """Say why a cell is not parsed at all; "" if it is."""
    if len(source) > LONGEST_CODE:
        return f"the cell has {len(source)} characters of code, the limit is {LONGEST_CODE}: load data from a file"
    if _LONG_NAME.search(source):
        return f"the cell names a module with over {MOST_DOTS} dots: import it by a shorter name"
    return ""


@functools.lru_cache(maxsize=256)
def statements_of(source: str) -> tuple[ast.stmt, ...] | None:
    """Return a source's statements, None if it is not Python or too much to parse; do not change them."""
    if why_too_much(source):
        return None
    try:
        return tuple(ast.parse(source).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def compiles(source: str) -> bool:
    return statements_of(source) is not None


def defined_names(source: str) -> list[str]:
    """List the functions, classes and variables that a source defines at its top level."""
    return [name for node in statements_of(source) or () for name in names_of(node)]


def bound_names(source: str) -> set[str]:
    """Return the names that a source defines in its module: at the top level, or inside an `if`, `try`, `with`."""
    return {name for node in _outside_functions(statements_of(source) or ()) for name in names_of(node)}


def _outside_functions(statements: Iterable[ast.AST]) -> Iterator[ast.stmt]:
    for node in statements:
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _outside_functions(ast.iter_child_nodes(node))
