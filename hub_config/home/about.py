"""What a module is about, put together from the semester service's view and the student's progress."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from hub_config.home.course_map import Module, Tier
from hub_config.home.markdown import as_html

# States in which others can build on the module's code.
AT_HAND = ("completed", "submitted", "graded", "prebuilt")


@dataclass(frozen=True)
class Part:
    """An exercise or a written answer; `checks` are the visible ones of the newest attempt, 0 if none were run."""

    name: str
    points: float
    written: bool = False
    passing: int = 0
    checks: int = 0


@dataclass(frozen=True)
class Milestone:
    """A historical result that needs this module."""

    title: str
    year: int
    summary: str
    command: str
    needed: int
    at_hand: int


@dataclass(frozen=True)
class About:
    """What the page shows in addition to dates and attempts."""

    content: Markup
    parts: tuple[Part, ...]
    builds_on: tuple[Module, ...]
    leads_to: tuple[Module, ...]
    milestones: tuple[Milestone, ...]

    @property
    def points(self) -> float:
        return sum(part.points for part in self.parts)

    @property
    def checked(self) -> bool:
        """Whether visible checks were run on a submission."""
        return any(part.checks for part in self.parts)


def about(view: dict[str, Any], module: Module, tiers: Iterable[Tier]) -> About:
    """Read the semester service's view of `module`; modules outside the semester are left out."""
    others = {other.slug: other for tier in tiers for other in tier.modules if other.place != "outside"}
    tables = as_html(view["about"]).replace(
        Markup("<table>"),
        Markup('<div class="scroll" role="region" aria-labelledby="about-title" tabindex="0"><table>'),
    )
    return About(
        content=tables.replace(Markup("</table>"), Markup("</table></div>")),
        parts=tuple(_parts(view, module)),
        builds_on=tuple(others[slug] for slug in module.prerequisites if slug in others),
        leads_to=tuple(other for other in others.values() if module.slug in other.prerequisites),
        milestones=tuple(_milestone(row, others) for row in view["milestones"]),
    )


def _parts(view: dict[str, Any], module: Module) -> Iterable[Part]:
    run = {each.name: each for each in module.quick.exercises} if module.quick else {}
    for row in view["exercises"]:
        seen = run.get(row["name"])
        passing, checks = (seen.passing, len(seen.checks)) if seen else (0, 0)
        yield Part(row["name"], row["points"], passing=passing, checks=checks)
    for row in view["written"]:
        yield Part(row["name"], row["points"], written=True)


def _milestone(row: dict[str, Any], others: dict[str, Module]) -> Milestone:
    at_hand = sum(slug in others and others[slug].state in AT_HAND for slug in row["needs"])
    return Milestone(row["title"], row["year"], row["summary"], row["command"], len(row["needs"]), at_hand)
