"""The policies where graders and the Hub read them: `semester.json` in nbgrader's course folder."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from tito.atomic import write_atomically
from tito.curriculum import Curriculum
from tito.semester.read import Valid
from tito.semester.service.change import Change, became
from tito.semester.service.course_view import FILE_NAME, course_view
from tito.semester.service.parts.exchange import Needs


def changes(valid: Valid, curriculum: Curriculum, course_dir: Path, needs: Needs) -> list[Change]:
    """Return one change that names each altered policy; it has dates too, so it is confirmed if any dates must be."""
    path, view = course_dir / FILE_NAME, course_view(valid, curriculum)
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if before == view:
        return []
    text = json.dumps(view, indent=1, ensure_ascii=False) + "\n"
    detail = "; ".join(_altered(before, view)) if before else "written"
    make = partial(write_atomically, path, text)
    return [Change("~" if before else "+", "policies", FILE_NAME, detail, make, next(iter(needs.values()), None))]


def _altered(before: dict[str, Any], after: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _altered(old, new, f"{prefix}{key}.")
        elif old != new:
            found.append(f"{prefix}{key}" if isinstance(new, list | dict) else f"{prefix}{key} {became(old, new)}")
    return found
