"""How much stricter or milder a reader is than the others on the same questions; pure functions.

The figure compares people who read different students: it is a reason to discuss a few answers, not a verdict.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from tito.gradebook.answers import Answer

FEWEST = 8  # answers of a reader, and of the others, below which there is no figure
CLEAR_ERRORS = 2.0  # standard errors; 19 of 20 differences by chance are smaller


@dataclass(frozen=True)
class Strictness:
    """The mean difference from the others, in percent of an answer's points: below 0 is stricter."""

    answers: int
    percent: float
    error_percent: float
    is_clear: bool

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def strictness_of(reader: str, answers: Iterable[Answer]) -> Strictness | None:
    """Compare the points that somebody gave with those of the others, question by question; None if too few."""
    own: dict[str, list[float]] = defaultdict(list)
    others: dict[str, list[float]] = defaultdict(list)
    for each in answers:
        if each.reader and each.points is not None and each.max_points > 0:
            (own if each.reader == reader else others)[each.question].append(100 * each.points / each.max_points)
    means = {question: statistics.fmean(values) for question, values in others.items()}
    mine = [value - means[question] for question in own.keys() & means.keys() for value in own[question]]
    theirs = [value - means[question] for question in own.keys() & means.keys() for value in others[question]]
    if min(len(mine), len(theirs)) < FEWEST:
        return None
    difference = statistics.fmean(mine)
    error = math.sqrt(statistics.variance(mine) / len(mine) + statistics.variance(theirs) / len(theirs))
    return Strictness(len(mine), difference, error, abs(difference) > CLEAR_ERRORS * error)
