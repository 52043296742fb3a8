"""Which attempts may count at all: one that could not be judged never replaces one that was."""

import json
from collections.abc import Sequence
from typing import Protocol, TypeVar


class WithResult(Protocol):
    """An attempt with the result that was posted to it, as JSON."""

    @property
    def body(self) -> str | None: ...


A = TypeVar("A", bound=WithResult)


def candidates(attempts: Sequence[A]) -> Sequence[A]:
    """Leave out attempts that could not be judged, unless there are no others.

    An attempt without a result is still to be judged, and stays.
    """
    return [each for each in attempts if not could_not_be_judged(each.body)] or attempts


def could_not_be_judged(body: str | None) -> bool:
    """Read it from the result's own status; a grader that breaks down posts no result."""
    return body is not None and json.loads(body)["status"] == "error"
