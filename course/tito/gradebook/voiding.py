"""Write a void, or take it back, with everybody's points in one transaction; or show what that would be."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from exchange.protocol.verdicts import ModuleResult

from .lock import gradebook_lock
from .rescoring import Rescored, graded_otherwise, rescore
from .scores import Course, open_gradebook
from .voids import Void, declare, take_back, voids_of

LOCK_SECONDS = 25.0  # a page and a command wait for the answer
Decide = Callable[[list[Void]], tuple[Void, list[Void]]]


class Changed(NamedTuple):
    """What a change of voids does to grades."""

    void: Void
    moved: list[Rescored]
    judge_again: list[str]  # their grade does not come from the recorded verdict
    is_new: bool  # False: nothing had to change


def change_void(
    course: Course, assignment: str, verdicts: Mapping[str, ModuleResult], decide: Decide, by: str = ""
) -> Changed:
    """Do what `decide` says, given the voids in force: it returns the one that is meant, and all that apply then.

    Without a name in `by` everything is rolled back: that is the plan.
    """
    with gradebook_lock(course.course_dir, LOCK_SECONDS), open_gradebook(course) as gradebook:
        before = voids_of(gradebook, assignment)
        void, after = decide(before)
        other = graded_otherwise(gradebook, assignment, verdicts, before, void.exercise)
        known = {student: verdict for student, verdict in verdicts.items() if student not in other}
        is_new = after != before
        # If nothing is new, nothing changes, no matter what somebody has done to the gradebook since.
        moved = rescore(gradebook, course.course_dir, assignment, known, after, {void.exercise}) if is_new else []
        if not by:
            gradebook.db.rollback()
            return Changed(void, moved, other, is_new)
        if is_new and void in after:
            declare(gradebook, assignment, void)
        elif is_new:
            take_back(gradebook, assignment, void, by)
        gradebook.db.commit()
    return Changed(void, moved, other, is_new)


def preview(course: Course, assignment: str, verdicts: Mapping[str, ModuleResult]) -> list[Rescored]:
    """Return what other verdicts would change in grades, by doing it and rolling it back."""
    with gradebook_lock(course.course_dir, LOCK_SECONDS), open_gradebook(course) as gradebook:
        voided = voids_of(gradebook, assignment)
        moved = rescore(gradebook, course.course_dir, assignment, verdicts, voided)
        gradebook.db.rollback()
    return moved
