"""Bring exported modules into this home, after a plan that says what happens to each.

Promises: a module that this semester builds, or that was worked on in this home, is never touched; nothing is changed
unless all chosen modules can be imported together; what was there before is kept in `.tito/previous`.
"""

import ast
import warnings
from dataclasses import asdict, dataclass

from tito.atomic import write_atomically
from tito.curriculum import Curriculum, Module, find_course, installed_core
from tito.errors import TitoError
from tito.student.fresh import import_together
from tito.student.semester import built_by_semester
from tito.workspace import Workspace, now

NEW, SAME, LEFT = "new", "the same already", "left out"
NOT_PREBUILT, NOT_BEFORE = "instead of the prebuilt one", "instead of what was imported before"
TAKEN = (NEW, NOT_PREBUILT, NOT_BEFORE)


@dataclass(frozen=True)
class Step:
    """What happens to one module, and why if it is left out."""

    module: str
    what: str
    why: str = ""

    def to_json(self) -> dict:
        return asdict(self)


def plan_import(workspace: Workspace, curriculum: Curriculum, modules: dict[str, str]) -> list[Step]:
    """Say what importing each module would do; nothing is changed."""
    built = built_by_semester()
    known = {module.slug: module for module in curriculum.written}
    order = [*known, *(slug for slug in modules if slug not in known)]
    return [_step(workspace, known.get(slug), slug, modules[slug], built) for slug in order if slug in modules]


def _step(workspace: Workspace, module: Module | None, slug: str, text: str, built: set[str]) -> Step:
    why = _why_left(workspace, module, text, built)
    if why:
        return Step(slug, LEFT, why)
    there = workspace.exported(slug)
    if there.is_file():
        return Step(slug, SAME if there.read_bytes() == text.encode() else NOT_BEFORE)
    prebuilt = find_course() is None and (installed_core() / f"{slug}.py").is_file()
    return Step(slug, NOT_PREBUILT if prebuilt else NEW)


def _why_left(workspace: Workspace, module: Module | None, text: str, built: set[str]) -> str:
    if module is None:
        return "not a module of this course"
    if module.slug in built:
        return "your semester builds it"
    if is_worked_on(workspace, module.slug):
        return "you are working on it in this home"
    missing = [name for name in module.exports if name not in _names(text)]
    return f"it lacks {', '.join(missing)}, which this course's module has" if missing else ""


def is_worked_on(workspace: Workspace, slug: str) -> bool:
    """Tell whether a module has a notebook here, or was completed here rather than imported."""
    if workspace.notebook(slug).exists() or workspace.release(slug).exists():
        return True
    known = workspace.recall(slug)
    return workspace.exported(slug).exists() and known.get("imported", "") < known.get("completed", "0")


def _names(text: str) -> set[str]:
    """List the names that a module's text defines or imports at its top level, or in a block there."""
    found: set[str] = set()
    with warnings.catch_warnings(action="ignore"):
        body = ast.parse(text).body
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        else:
            found |= {
                part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
    return found


def taken(steps: list[Step]) -> list[str]:
    """List the slugs of the modules that the plan would put here."""
    return [step.module for step in steps if step.what in TAKEN]


def install(workspace: Workspace, modules: dict[str, str], limit_seconds: float) -> None:
    """Put modules into the student's package, once they have been imported together in a fresh process."""
    trouble = import_together(workspace, modules, limit_seconds)
    if trouble:
        raise TitoError(f"{trouble}\nNothing was imported. Fix it where it was built, and export it again.")
    for slug, text in modules.items():
        target = workspace.exported(slug)
        if target.is_file():
            write_atomically(workspace.previous(slug), target.read_bytes())
        write_atomically(target, text)
        moment = now()
        workspace.remember(slug, completed=moment, imported=moment)
