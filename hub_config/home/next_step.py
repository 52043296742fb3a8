"""The one obvious next step, and what the student should know; pure functions over the course map."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hub_config.home.course_map import Module, Tier
from hub_config.home.moments import Moment

ORDER = ("late", "missed", "corrected", "feedback", "extended")
NEWS = timedelta(days=7)  # how long feedback is news; the exchange does not record who has read it


@dataclass(frozen=True)
class Step:
    """What to do next, why, and where; `module` is None if there is nothing to do."""

    title: str
    reason: str
    action: str = ""
    module: Module | None = None
    target: str = "notebook"
    due: Moment | None = None


@dataclass(frozen=True)
class Notice:
    """Something that happened; `when`, if given, completes the text."""

    kind: str
    text: str
    module: Module
    when: Moment | None = None


def next_step(tiers: Iterable[Tier]) -> Step:
    """Return the open work that is due first; otherwise feedback to read; otherwise what opens next."""
    modules = [module for tier in tiers for module in tier.built]
    if urgent := _by_due(module for module in modules if module.open and _work(module)):
        module = urgent[0]
        work = _work(module)
        assert work is not None
        return Step(*work, module=module, due=module.due)
    if graded := [module for module in modules if module.state == "graded"]:
        module = max(graded, key=lambda module: module.with_feedback.feedback.at)  # type: ignore[union-attr]
        partly = module.grade is not None and not module.grade.is_final
        told = f"It is graded in part: {module.grade.to_be_read}." if partly and module.grade else "It is graded."
        reason = f"{told} Compare your answers with the comments before the next module builds on it."
        return Step(f"Read the feedback on {module.title}", reason, "Read feedback", module, target="page")
    waiting = [module for module in modules if module.release and not module.release.is_past]
    if waiting:
        module = min(waiting, key=lambda module: module.release.at)  # type: ignore[union-attr]
        return Step("All caught up", f"{module.title} opens next.", module=None, due=module.release)
    return Step("All caught up", "There is nothing to hand in at the moment.")


def _work(module: Module) -> tuple[str, str, str] | None:
    """Return title, reason and action of the module's next step, None if it has none."""
    if module.state == "released":
        return f"Start {module.title}", module.summary, "Open the notebook"
    if module.state == "started":
        reason = "You have run its tests. Solve what is left, then run tito module complete "
        return f"Continue {module.title}", f"{reason}{module.slug} in the terminal.", "Open the notebook"
    if module.state == "completed":
        reason = "Your code works in your package. Hand it in from the Assignment List, or with tito submit "
        return f"Submit {module.title}", f"{reason}{module.slug} in the terminal.", "Open JupyterLab"
    early = not (module.due and module.due.is_past)
    quick = module.quick
    fails = quick is not None and quick.exercises and not quick.passed
    if quick and fails and module.state == "submitted" and module.can_submit and early:
        reason = f"{quick.words}. You can submit again until it is due."
        return f"Improve {module.title}", reason, "Open the notebook"
    return None


def _by_due(modules: Iterable[Module]) -> list[Module]:
    return sorted(modules, key=lambda module: (module.due is None, module.due.at if module.due else 0, module.number))


def notices(tiers: Iterable[Tier], step: Step | None = None) -> list[Notice]:
    """Return what the student should know, most urgent first, without what is their next step anyway."""
    found = [notice for tier in tiers for module in tier.built for notice in _notices(module)]
    said = step.module if step and step.target == "page" else None
    kept = [notice for notice in found if not (notice.kind == "feedback" and notice.module is said)]
    return sorted(kept, key=lambda notice: ORDER.index(notice.kind))


def answered(tiers: Iterable[Tier], questions: Iterable[dict[str, Any]]) -> list[Notice]:
    """Return a notice for each module with an answer from the staff that was not read yet."""
    unread = {row["assignment"] for row in questions if row["answered_at"] and not row["seen_at"]}
    modules = [module for tier in tiers for module in tier.built if module.slug in unread]
    return [Notice("answered", f"Your question about {module.title} was answered.", module) for module in modules]


def _notices(module: Module) -> Iterator[Notice]:
    title, slug = module.title, module.slug
    if module.overdue:
        yield Notice("late", f"{title} is past its due date. It is accepted, as late, until", module, module.closes)
    if module.missed:
        text = f"{title} closed without a submission from you. tito module unlock {slug} fetches its reference."
        yield Notice("missed", text, module)
    if module.corrected:
        text = f"{title} was corrected after you fetched it; your work is unchanged. Its page shows how to take it."
        yield Notice("corrected", text, module)
    feedback = module.with_feedback.feedback if module.with_feedback else None
    if feedback and feedback.now - feedback.at <= NEWS:
        yield Notice("feedback", f"Feedback on {title} arrived {feedback.words}.", module)
    if module.extended and not module.is_done and not module.missed:
        yield Notice("extended", f"You have an extension for {title}. It is due", module, module.due)
