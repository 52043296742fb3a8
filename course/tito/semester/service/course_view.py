"""A semester as everybody in the course may see it: modules with dates, and policies; no people.

The service answers with it, and writes it to `semester.json` in nbgrader's course folder, where graders and the Hub
find the policies without asking.
"""

from collections.abc import Iterator
from typing import Any

from exchange.protocol.models import utc_text
from tito.curriculum import Curriculum, Module
from tito.curriculum.milestones import assignment_of
from tito.curriculum.olympics import MODULE
from tito.semester.checks import milestones_of
from tito.semester.read import Valid

FILE_NAME = "semester.json"
PUBLIC = {"late", "late_days", "attempts", "unlock", "questions", "grading", "limits"}  # policies that all may see


def course_view(valid: Valid, curriculum: Curriculum) -> dict[str, Any]:
    """Return the course: identity, tiers with their modules in order, policies."""
    semester = valid.semester
    return {
        "course": semester.course,
        "title": semester.title,
        "time_zone": semester.time_zone,
        "tiers": [
            {"name": tier.name, "title": tier.title, "summary": tier.summary, "modules": modules}
            for tier in curriculum.tiers
            if (modules := [_module(valid, m) for m in curriculum.modules if m.tier == tier.name])
        ],
        "board": MODULE in valid.selection.built,  # there are entries to compare
        "milestones": {each["slug"]: each for each in _milestones(valid, curriculum)},
        **semester.model_dump(mode="json", include=PUBLIC),
    }


def _milestones(valid: Valid, curriculum: Curriculum) -> Iterator[dict[str, Any]]:
    """Yield the milestones that give points, in their order in history."""
    semester = valid.semester
    given = {assignment_of(name): each for name, each in semester.milestones.items()}
    for milestone in milestones_of(curriculum):
        if part := given.get(milestone.assignment):
            yield {
                "slug": milestone.slug,
                "assignment": milestone.assignment,
                "year": milestone.year,
                "title": milestone.title,
                "summary": milestone.summary,
                "points": part.points,
                "due": utc_text(part.due),
                "closes": utc_text(semester.closes_after(part.due)),
            }


def _module(valid: Valid, module: Module) -> dict[str, Any]:
    place = "built" if module.slug in valid.selection.built else "outside"
    place = "prebuilt" if module.slug in valid.selection.prebuilt else place
    return {
        "slug": module.slug,
        "label": module.label,
        "number": module.number,
        "title": module.title,
        "summary": module.summary,
        "hours": module.hours,
        "prerequisites": list(module.prerequisites),
        "exercises": [exercise.name for exercise in module.exercises],
        "place": place,
        **(_dates(valid, module.slug) if place == "built" else {"release": None, "due": None, "closes": None}),
    }


def _dates(valid: Valid, slug: str) -> dict[str, str]:
    dates = valid.semester.schedule[slug]
    closes = valid.semester.closes_after(dates.due)
    return {"release": utc_text(dates.release), "due": utc_text(dates.due), "closes": utc_text(closes)}
