"""Which attempt counts, as a pure function: `last`, `last_on_time` (else the last), or `best`.

`best` compares like with like. An attempt has a quick score (visible checks, some 27 points) soon after it arrives, and
a full one (of 100) only once it has been graded, which happens to the attempt that counts. So the best of the fully
graded attempts counts, until one that is not graded yet has a better quick score (or an equal one, if it came later):
then that one counts, is graded in turn, and either remains the one that counts or gives way to the earlier one again.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

NONE = float("-inf")


class Attempt(Protocol):
    """What `choose` needs to know of a submission."""

    @property
    def attempt(self) -> int: ...
    @property
    def late(self) -> bool: ...
    @property
    def quick_score(self) -> float | None: ...
    @property
    def full_score(self) -> float | None: ...


A = TypeVar("A", bound=Attempt)


def choose(attempts: Sequence[A], counts: str) -> A:
    """Pick the attempt that counts."""
    if counts == "last_on_time":
        return _last(a for a in attempts if not a.late) or _only(_last(attempts))
    return _best(attempts) if counts == "best" else _only(_last(attempts))


def _best(attempts: Sequence[A]) -> A:
    graded = [a for a in attempts if a.full_score is not None]
    stands = max(graded, key=_full, default=None)
    contenders = [a for a in attempts if a.full_score is None and (a.quick_score is not None or not graded)]
    contender = max(contenders, key=_quick, default=None)
    if stands is None or contender is None:
        return _only(stands or contender)
    # Without a quick score of the one that stands (the check failed, or an older version kept none) nothing can be
    # compared, and the other one is to be graded.
    return contender if _quick(contender) > _quick(stands) else stands


def _full(each: Attempt) -> tuple[float, int]:
    return (NONE if each.full_score is None else each.full_score, each.attempt)


def _quick(each: Attempt) -> tuple[float, int]:
    return (NONE if each.quick_score is None else each.quick_score, each.attempt)


def _last(attempts: Iterable[A]) -> A | None:
    return max(attempts, key=lambda a: a.attempt, default=None)


def _only(found: A | None) -> A:
    assert found is not None, "an attempt is chosen among attempts"
    return found
