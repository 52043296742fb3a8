"""Deal answers out to readers: by question, by section, or submission by submission; pure functions.

Readers with no groups of their own are dealt the other groups in turn. Within a group, a submission goes to the reader
with the fewest answers so far, so shares differ by one submission at most. Nobody gets an answer that they may not
grade.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command knows the ways to share out before any part of nbgrader is loaded
    from tito.gradebook.answers import Answer

Key = tuple[str, str]  # student and question
MayRead = Callable[[str, str], bool]  # a reader and a student
BY = ("question", "section", "student")


def deal(
    answers: "Iterable[Answer]", readers: Sequence[str], group_of: "Callable[[Answer], str]", may_read: MayRead,
    readers_of: Mapping[str, Sequence[str]] | None = None,
) -> dict[Key, str]:  # fmt: skip
    """Return who reads which answer. Groups go to `readers_of` them, else to the readers in turn; what no reader of a
    group may read goes to another reader, and is left out if there is none.

    >>> from tito.gradebook.answers import Answer
    >>> answer = Answer("ada", "units", "page", 1, None, 5, True, "")
    >>> deal([answer], ["tom", "eve"], lambda each: each.question, lambda reader, student: reader != "tom")
    {('ada', 'units'): 'eve'}
    """
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in sorted(answers, key=lambda each: (each.number, each.question)):
        groups[group_of(answer)].append(answer)
    dealt: dict[Key, str] = {}
    for group, those in _readers_by_group(sorted(groups), readers, readers_of or {}).items():
        dealt |= _in_turn(groups[group], those, readers, may_read)
    return dealt


def _readers_by_group(
    groups: Sequence[str], readers: Sequence[str], readers_of: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:  # fmt: skip
    """Give each group its own readers; the other groups and the other readers are matched in turn."""
    found = {group: [each for each in readers if each in readers_of.get(group, ())] for group in groups}
    bound = {each for those in found.values() for each in those}
    free_readers = [each for each in readers if each not in bound] or list(readers)
    free_groups = [group for group in groups if not found[group]]
    for turn in range(max(len(free_groups), len(free_readers)) if free_groups else 0):
        reader = free_readers[turn % len(free_readers)]
        those = found[free_groups[turn % len(free_groups)]]
        if reader not in those:
            those.append(reader)
    return found


def _in_turn(
    answers: "Iterable[Answer]", those: Sequence[str], everybody: Sequence[str], may_read: MayRead
) -> dict[Key, str]:  # fmt: skip
    dealt: dict[Key, str] = {}
    counts = dict.fromkeys(everybody, 0)
    for page in _by_submission(answers):
        able = [each for each in those if may_read(each, page[0].student)]
        able = able or [each for each in everybody if may_read(each, page[0].student)]
        if able:
            reader = min(able, key=lambda each: counts[each])
            counts[reader] += len(page)
            dealt |= {answer.key: reader for answer in page}
    return dealt


def _by_submission(answers: "Iterable[Answer]") -> "list[list[Answer]]":
    """Keep the answers of a submission in one hand, within a group."""
    pages: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        pages[answer.student].append(answer)
    return list(pages.values())
