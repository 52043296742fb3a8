"""Which part of the class a staff page shows: one section, several, or everybody; pure functions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hub_config.home.neighbours import Missing

EVERYBODY = "all"  # in an address: no section; a section of that name is shown with everybody


@dataclass(frozen=True)
class Part:
    """The sections that are shown, and those that exist; `chosen` is empty for the whole class."""

    students: tuple[dict[str, Any], ...] = ()
    known: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()

    @cached_property
    def names(self) -> list[str]:
        """User names of those who are shown."""
        return [student["username"] for student in self.students]

    def has(self, student: str) -> bool:
        """Tell whether somebody is shown; people on no roster are shown with the whole class."""
        return not self.chosen or student in self.names


def part_of(people: dict[str, Any] | Missing, wanted: Sequence[str]) -> Part:
    """Return what to show: the `wanted` sections; otherwise those that the viewer reads; otherwise everybody."""
    if isinstance(people, Missing):
        return Part(chosen=_chosen(wanted))
    known, own = tuple(people["sections"]), tuple(people["mine"])
    chosen = tuple(each for each in (_chosen(wanted) if wanted else own) if each in known)
    return Part(tuple(_in(people["students"], chosen)), known, own, chosen)


def _chosen(wanted: Sequence[str]) -> tuple[str, ...]:
    return () if EVERYBODY in wanted else tuple(wanted)


def _in(students: Iterable[dict[str, Any]], chosen: tuple[str, ...]) -> Iterable[dict[str, Any]]:
    return (student for student in students if not chosen or student["section"] in chosen)
