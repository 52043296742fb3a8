"""Rules for stepwise hints: they belong to this module's exercises, and none gives away a line that a release omits."""

import ast
import re
from collections.abc import Iterator

from tito.errors import Finding, FindingsError
from tito.source.hints import FILE_NAME, read_hints
from tito.source.percent import Cell
from tito.staff.lint_source import ModuleSource

SHORTEST = 15  # characters without spaces: anything shorter is plain language, such as `return shape`
_SECRET = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)### END \1", re.DOTALL)


def check_hints(source: ModuleSource) -> Iterator[Finding]:
    """Check `hints.yaml`, if there is one."""
    try:
        hints = read_hints(source.module)
    except FindingsError as error:
        yield from error.findings
        return
    secret = {line: cell.name for cell in source.code for line in secret_lines(source, cell)} if hints else {}
    for name, texts in hints.items():
        for number, text in enumerate(texts, start=1):
            said = _bare(text)
            for line in sorted(line for line in secret if line in said):
                message = f"hint {number} of '{name}' gives away a line of '{secret[line]}': say it in words"
                yield Finding(source.module.source.parent / FILE_NAME, 1, message)
                break


def secret_lines(source: ModuleSource, cell: Cell) -> Iterator[str]:
    """Yield what a release leaves out of a cell, line by line and statement by statement, without spaces."""
    lines = [line for match in _SECRET.finditer(cell.source) for line in match[2].splitlines()]
    first = [cell.source[: match.start()].count("\n") + 1 for match in _SECRET.finditer(cell.source)]
    last = [cell.source[: match.end()].count("\n") + 1 for match in _SECRET.finditer(cell.source)]
    statements = [
        ast.unparse(node)
        for node in ast.walk(source.tree(cell))
        if isinstance(node, ast.stmt) and not hasattr(node, "body")
        if any(begin < node.lineno < end for begin, end in zip(first, last, strict=True))
    ]
    bare = (_bare(line) for line in (*lines, *statements) if not line.strip().startswith("#"))
    yield from (line for line in bare if len(line) >= SHORTEST)


def _bare(text: str) -> str:
    """Remove differences between spellings of the same code: spaces, kinds of quotes, code marks in a text."""
    return re.sub(r"[\s`]", "", text).replace('"', "'")
