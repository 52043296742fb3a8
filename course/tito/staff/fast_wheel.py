"""Decide who may have `tinytorch.fast`, which computes what exercises ask for.

Promises: a student's wheel can be built with it only if each module whose exercises it answers comes prebuilt, or
nobody in the semester can submit it any more. So a semester that leaves one of them to a later semester never has it.
"""

import ast
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from tito.curriculum import Curriculum
from tito.errors import TitoError


def answers(checkout: Path) -> tuple[str, ...]:
    """Read which modules' exercises `tinytorch.fast` answers, without importing it."""
    text = (checkout / "tinytorch" / "fast" / "__init__.py").read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["ANSWERS"]:
            return tuple(ast.literal_eval(node.value))
    raise TitoError("tinytorch/fast/__init__.py must list in ANSWERS the modules whose exercises it answers.")


def require_closed(checkout: Path, done: Collection[str]) -> None:
    """Raise TitoError unless all modules that `tinytorch.fast` answers are among these."""
    still_built = [slug for slug in answers(checkout) if slug not in done]
    if still_built:
        raise TitoError(
            f"tinytorch.fast answers exercises of {', '.join(still_built)}, neither prebuilt nor closed: omit --fast "
            "until nobody in this semester, or in one that follows it, can submit them."
        )


def closed_in_semester(path: Path, curriculum: Curriculum, now: datetime | None = None) -> list[str]:
    """List the modules in a semester file that nobody can submit any more, even with an extension."""
    from tito.semester import times
    from tito.semester.read import read

    valid, now = read(path, curriculum), now or times.now()
    return [slug for slug in valid.selection.built if valid.semester.closes(slug) <= now]
