"""Which answers to one exercise share passages that few others have: pairs for a person to read, never a verdict.

What the release gives, what the reference does, and what many wrote alike is subtracted first. The rest of an answer
may be too little to draw conclusions from, and in a short exercise it always is.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

LEAST_TOKENS = 60  # of the reference; below that, somebody has written most of the ways to write it
LEAST_SHARED = 8  # passages
LEAST_SHARE = 0.5  # of the smaller answer's own passages
COMMON = 4  # a passage in at most this many answers is rare,
COMMON_SHARE = 0.03  # or in this share of the class: if more wrote it, it is simply the way to write it
MOST_PAIRS = 200

Author = tuple[str, str]  # earlier semester or "", student
Prints = Sequence[Sequence[int]]  # [tokens], then [fingerprint, first line, last line] each


@dataclass(frozen=True)
class Pair:
    """Two answers, the share of the smaller one's own passages that both have, and the lines where they are."""

    one: Author
    other: Author
    share: float
    passages: int
    lines_of_one: tuple[int, ...]
    lines_of_other: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "one": list(self.one), "other": list(self.other), "share": round(self.share, 3),
            "passages": self.passages, "lines": [list(self.lines_of_one), list(self.lines_of_other)],
        }  # fmt: skip


@dataclass
class Compared:
    """The result of comparing an exercise; `excluded` says why it was not compared."""

    pairs: list[Pair] = field(default_factory=list)
    excluded: str = ""
    answers: int = 0
    telling: int = 0  # answers with passages of their own


def compare(answers: Mapping[Author, Prints], release: Prints, reference: Prints) -> Compared:
    """Compare all answers to one exercise; two of earlier semesters are not compared, nor a student with themselves."""
    if (tokens := reference[0][0]) < LEAST_TOKENS:
        why = f"its reference has {tokens} tokens; with fewer than {LEAST_TOKENS}, most answers are alike"
        return Compared(excluded=why, answers=len(answers))
    own = _own_passages(answers, {row[0] for prints in (release, reference) for row in prints[1:]})
    telling = {author: prints for author, prints in own.items() if len(prints) >= LEAST_SHARED}
    pairs = sorted(_pairs(telling), key=lambda pair: (-pair.share, pair.one, pair.other))
    return Compared(pairs[:MOST_PAIRS], "", len(answers), len(telling))


def _own_passages(answers: Mapping[Author, Prints], given: set[int]) -> dict[Author, dict[int, Sequence[int]]]:
    """Return, for each answer, the passages by fingerprint that were not given and that few have."""
    rows = {author: {row[0]: row for row in prints[1:]} for author, prints in answers.items()}
    seen = Counter(one for each in rows.values() for one in each)
    most = max(COMMON, math.floor(COMMON_SHARE * len(answers)))
    few = {one for one, count in seen.items() if count <= most} - given
    return {author: {one: row for one, row in each.items() if one in few} for author, each in rows.items()}


def _pairs(own: Mapping[Author, Mapping[int, Sequence[int]]]) -> Iterator[Pair]:
    authors: dict[int, list[Author]] = {}
    for author, prints in own.items():
        for fingerprint in prints:
            authors.setdefault(fingerprint, []).append(author)
    shared = Counter(pair for those in authors.values() for pair in combinations(sorted(those), 2))
    for (one, other), count in shared.items():
        share = count / min(len(own[one]), len(own[other]))
        if count >= LEAST_SHARED and share >= LEAST_SHARE and _is_to_compare(one, other):
            both = own[one].keys() & own[other].keys()
            yield Pair(one, other, share, count, _lines(own[one], both), _lines(own[other], both))


def _is_to_compare(one: Author, other: Author) -> bool:
    return "" in (one[0], other[0]) and one[1] != other[1]


def _lines(prints: Mapping[int, Sequence[int]], both: set[int]) -> tuple[int, ...]:
    """Return the lines of the passages that both have."""
    return tuple(sorted({line for one in both for line in range(prints[one][1], prints[one][2] + 1)}))
