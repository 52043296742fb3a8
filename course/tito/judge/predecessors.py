"""The modules that came before the judged one, as a folder to be mounted: of the reference, or of the student's own.

The judged module and later ones are never in it.
"""

import atexit
import functools
import os
import py_compile
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tito.checks.answers import find_answers
from tito.checks.parsing import compiles
from tito.curriculum import Curriculum, Module
from tito.source.export import export_module

from .plans import plan_of
from .read import Refused, read_submission


def reference_predecessors(module: Module, curriculum: Curriculum) -> Path:
    """Return a folder whose core/ has the reference of every prerequisite; made once for each state of the sources."""
    earlier = tuple(other for other in curriculum.before(module) if other.is_written)
    return _made(tuple((other.source, other.source.stat().st_mtime_ns) for other in earlier), earlier)


@functools.lru_cache(maxsize=64)
def _made(state: tuple, modules: tuple[Module, ...]) -> Path:
    private = Path(tempfile.mkdtemp(prefix="tito-predecessors-"))
    atexit.register(_remove, private, os.getpid())
    # Readable for the sandbox's user, in a folder that no other user of this machine may enter.
    folder = private / "tree"
    core = _core_of(folder)
    for module in modules:
        exported = export_module(module)
        (core / exported.file_name).write_text(exported.text, encoding="utf-8")
        _compile(core / exported.file_name)
    return _readable(folder)


def own_predecessors(
    module: Module,
    curriculum: Curriculum,
    earlier: Path,
    target: Path,
    reading: Callable[[str], None] = lambda place: None,
) -> Path | None:
    """Fill `target`/core with the prerequisites as the student wrote them; None if she submitted none of them.

    `earlier` holds her submissions by module. What she did not solve, or what is no Python, is the reference's.
    `reading` is told each cell before it is read.
    """
    reference = reference_predecessors(module, curriculum) / "core"
    own = {}
    for other in curriculum.before(module):
        if other.is_written and (text := _own_module(other, earlier / other.slug, reading)):
            own[f"{other.slug}.py"] = text
    if not own:
        return None
    core = _core_of(target)
    for path in sorted(reference.glob("*.py")):
        (core / path.name).write_text(own.get(path.name) or path.read_text(encoding="utf-8"), encoding="utf-8")
    return _readable(target)


def _own_module(module: Module, folder: Path, reading: Callable[[str], None]) -> str:
    """Put a submission's answers between the given cells of its module; "" if there is nothing of her own in it."""
    try:
        submission = read_submission(folder, module.slug)
    except Refused:
        return ""
    plan = plan_of(module)
    answers = find_answers(plan, submission.cells, lambda place: reading(f"{place} of {module.slug}"))
    parts = []
    for step in plan.steps:
        own = [step.source]
        if step.exercise in answers.tried and all(map(compiles, answers.solutions[step.exercise])):
            own = list(answers.solutions[step.exercise])
        parts += own if step.exported or step.exercise else []
        parts += [extra.source for extra in answers.extras if step.exercise and extra.after == step.exercise]
    return "\n\n\n".join(parts) + "\n" if answers.tried else ""


def _core_of(folder: Path) -> Path:
    core = folder / "core"
    core.mkdir(parents=True, exist_ok=True)
    return core


def _compile(path: Path) -> None:
    """A worker can't write byte code where it runs; ours saves it the compiling."""
    py_compile.compile(str(path), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


def _readable(folder: Path) -> Path:
    """Let the sandbox's user read, whatever the umask."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def _remove(folder: Path, maker: int) -> None:
    if os.getpid() == maker:  # a forked child must not take it from its parent
        shutil.rmtree(folder, ignore_errors=True)
