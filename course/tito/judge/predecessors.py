"""The modules before the judged one: the reference's, or the student's own.

The judged module and later ones are never among them.
"""

import functools
from collections.abc import Callable
from pathlib import Path

from tito.checks.answers import find_answers
from tito.checks.parsing import compiles
from tito.curriculum import Curriculum, Module
from tito.source.export import export_module

from .plans import plan_of
from .read import NoSubmission, read_submission
from .sandbox.content import Predecessors


def reference_predecessors(module: Module, curriculum: Curriculum) -> Predecessors:
    """Return the reference of every prerequisite; it is made again only after a source has changed."""
    return _reference([other for other in curriculum.before(module) if other.is_written])


def reference_with(module: Module, curriculum: Curriculum) -> Predecessors:
    """Return the reference of a module itself and of every prerequisite, for code that only uses them."""
    return _reference([*(other for other in curriculum.before(module) if other.is_written), module])


def reference_of(modules: list[Module]) -> Predecessors:
    """Return the reference of exactly these modules."""
    return _reference(modules)


def _reference(modules: list[Module]) -> Predecessors:
    return _made(tuple((each.source, each.source.stat().st_mtime_ns) for each in modules), tuple(modules))


@functools.lru_cache(maxsize=64)
def _made(state: tuple, modules: tuple[Module, ...]) -> Predecessors:
    exported = [export_module(module) for module in modules]
    return Predecessors(tuple(sorted((each.file_name, each.text) for each in exported)), trusted=True)


def own_predecessors(
    module: Module,
    curriculum: Curriculum,
    earlier: Path,
    reading: Callable[[str], None] = lambda place: None,
) -> Predecessors | None:
    """Return the prerequisites as the student wrote them; None if they submitted none.

    `earlier` has their submissions by module. Exercises that they did not solve, or that are not Python, come from the
    reference.
    `reading` is called with each cell's name before it is read.
    """
    reference = reference_predecessors(module, curriculum)
    own = {}
    for other in curriculum.before(module):
        if other.is_written and (text := _own_module(other, earlier / other.slug, reading)):
            own[f"{other.slug}.py"] = text
    return Predecessors(tuple((name, own.get(name, text)) for name, text in reference.modules)) if own else None


def _own_module(module: Module, folder: Path, reading: Callable[[str], None]) -> str:
    """Put a submission's answers between the given cells of its module; "" if the student wrote nothing in it."""
    try:
        submission = read_submission(folder, module.slug)
    except NoSubmission:
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
