"""How far hints were opened in the class, by exercise; a pure function over what the exchange's events say."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hub_config.home.course_map import module_titles

MOST_STEPS = 3  # hints that an exercise may have (tito/source/hints.py); reports are students' own and may say more


@dataclass(frozen=True)
class Opened:
    """How many students opened the first, second and third hint of an exercise."""

    module: str
    exercise: str
    students: tuple[int, ...]


def hints_opened(course: dict[str, Any], students: Iterable[str], events: Iterable[dict[str, Any]]) -> list[Opened]:
    """Count students by exercise and step, in the order of modules and of how many opened any."""
    roster, titles = set(students), module_titles(course)
    furthest: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for event in events:
        if event["kind"] == "checked" and event["student"] in roster and event["assignment"] in titles:
            for exercise, step in _steps(event["detail"]):
                reached = furthest[event["assignment"], exercise]
                reached[event["student"]] = max(step, reached.get(event["student"], 0))
    order = list(titles)
    found = [(slug, _counted(titles[slug], exercise, steps)) for (slug, exercise), steps in furthest.items()]
    found.sort(key=lambda each: (order.index(each[0]), [-count for count in each[1].students], each[1].exercise))
    return [opened for _, opened in found]


def _steps(detail: dict[str, Any]) -> Iterator[tuple[str, int]]:
    cells = detail.get("cells")
    for cell in cells if isinstance(cells, list) else []:
        exercise, hint = (cell.get("exercise"), cell.get("hint")) if isinstance(cell, dict) else (None, None)
        if isinstance(exercise, str) and type(hint) is int and 1 <= hint <= MOST_STEPS:
            yield exercise, hint


def _counted(title: str, exercise: str, reached: dict[str, int]) -> Opened:
    steps = range(1, max(reached.values()) + 1)
    return Opened(title, exercise, tuple(sum(step <= far for far in reached.values()) for step in steps))
