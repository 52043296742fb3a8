"""How many hints were opened in the class, by exercise; a pure function over the exchange's totals."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hub_config.home.course_map import module_titles

MOST_STEPS = 3  # hints that an exercise may have (tito/source/hints.py); reports come from students and may claim more


@dataclass(frozen=True)
class Opened:
    """How many students opened the first, second and third hint of an exercise."""

    module: str
    exercise: str
    students: tuple[int, ...]


def hints_opened(course: dict[str, Any], students: Iterable[str], opened: Iterable[dict[str, Any]]) -> list[Opened]:
    """Count students by exercise and step, ordered by module and then by how many opened any."""
    roster, titles = set(students), module_titles(course)
    order, found = {slug: number for number, slug in enumerate(titles)}, []
    for each in opened:
        steps = [min(hints, MOST_STEPS) for student, hints in each["students"].items() if student in roster]
        if steps and each["assignment"] in titles:
            found.append((each["assignment"], _counted(titles[each["assignment"]], each["exercise"], steps)))
    found.sort(key=lambda each: (order[each[0]], [-count for count in each[1].students], each[1].exercise))
    return [counted for _, counted in found]


def _counted(title: str, exercise: str, reached: list[int]) -> Opened:
    steps = range(1, max(reached) + 1)
    return Opened(title, exercise, tuple(sum(step <= far for far in reached) for step in steps))
