"""Rules for the mistakes that `module.yaml` declares: the warning is in the release, and the variant can be made."""

import ast
from collections.abc import Iterator

from tito.curriculum import Mistake
from tito.errors import Finding, TitoError
from tito.source.percent import Cell
from tito.staff.lint_source import ModuleSource
from tito.staff.mistakes import faulty, fold, released_text


def check_mistakes(source: ModuleSource) -> Iterator[Finding]:
    """Check every declared mistake. Only judging shows whether its variant fails a visible check."""
    solutions = {cell.name: cell for cell in source.solutions}
    declared = [(e.name, mistake) for e in source.module.exercises for mistake in e.mistakes]
    text = released_text(source.cells) if declared else ""
    for name, mistake in declared:
        if fold(mistake.warns) not in text:
            yield source.in_yaml(f"mistake of '{name}': the release lacks the sentence {mistake.warns.strip()!r}")
        if name in solutions:
            yield from _check_variant(source, solutions[name], mistake)


def _check_variant(source: ModuleSource, cell: Cell, mistake: Mistake) -> Iterator[Finding]:
    try:
        variant = faulty(cell.source, mistake)
        changed = ast.dump(ast.parse(variant)) != ast.dump(source.tree(cell))
    except (TitoError, SyntaxError) as error:
        yield source.at(cell, f"mistake of '{cell.name}' ({mistake.warns.strip()!r}): {_said(error)}")
        return
    if not changed:
        yield source.at(cell, f"mistake of '{cell.name}' ({mistake.warns.strip()!r}): the variant changes nothing")


def _said(error: TitoError | SyntaxError) -> str:
    return f"the variant is not Python: {error.msg}" if isinstance(error, SyntaxError) else str(error)
