"""The one table of grading work: what kinds there are, and all that queue, interface and pages know about each.

A new kind is a file in `tasks/` and a line in KINDS. The queue orders by it, the service offers it to everybody with
the right, formgrader and home page get a button. Nothing that a kind needs is loaded before it is first done.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from tito.curriculum.milestones import is_milestone

from .rights import RUN


class Step(NamedTuple):
    """What a student's submission must have reached: a folder of nbgrader's, and what to do if it is missing."""

    folder: str
    remedy: str


class Button(NamedTuple):
    """How pages offer a kind of work. `text` is the short word in a row, `order` what is asked for a whole module."""

    text: str
    hint: str
    order: str = ""
    said: str = ""  # once it is queued, about {module}; a kind without it has no button on the home page
    address: str = ""  # in the formgrader, if nbgrader's word is not the kind's name
    again: bool = False  # for one student it is done even if nothing has changed since the last time


# What a task locks while it runs: files and grades of a submission, those of a whole module, or nothing.
SUBMISSION, MODULE, NOTHING = "book", "module", "own"
ALONE = "alone"  # the kind itself: one task of it at a time, so that long ones leave a runner for urgent work


@dataclass(frozen=True)
class Kind:
    """One kind of grading work."""

    name: str
    does: str  # "file:function" below tasks/, called with the work, the settings and the queue
    priority: int  # lower is sooner
    scope: str | None = RUN  # who may ask for it; None: only the service itself
    after: Step | None = None  # it is done student by student, once this is there; else for a module as a whole
    holds: str = SUBMISSION
    waits_for: str = ""  # a kind that is finished first if a module has any of it to do
    button: Button | None = None
    away: bool = False  # it consists of judging, which other machines can do if there are any

    def load(self) -> Callable[..., Any]:
        """Import the function that does it."""
        file, _, function = self.does.partition(":")
        return getattr(importlib.import_module(f"tito.grading.tasks.{file}"), function)

    @property
    def address(self) -> str:
        """The kind's word in the formgrader's addresses."""
        return (self.button and self.button.address) or self.name


COLLECTED, JUDGED = Step("submitted", "collect first"), Step("autograded", "autograde first")
PAGES_MADE = Step("feedback", "make feedback first")

KINDS = (
    Kind("quick", "quick:check", 0, scope=None, holds=NOTHING, away=True),
    Kind("generate", "generate:generate", 4,
         button=Button("Generate", "Make the student's notebook", address="assign")),
    Kind("release", "release:release", 5, button=Button("Release", "Hand it to the exchange")),
    Kind("collect", "collect:collect", 5, holds=MODULE,
         button=Button("Collect", "Fetch submissions from the exchange", said="Collecting {module} has begun.")),
    Kind("lateness", "lateness:follow_schedule", 5),
    Kind("autograde", "autograde:autograde", 10, after=COLLECTED, away=True,
         button=Button("Autograde", "Judge all submissions", said="Grading {module} has begun.", again=True)),
    Kind("rejudge", "rejudge:rejudge", 11, after=COLLECTED, away=True),
    Kind("feedback", "feedback:make", 8, after=JUDGED,
         button=Button("Feedback", "Make feedback pages", "Make feedback", "Feedback on {module} is being made.",
                       "generate_feedback")),
    Kind("release_feedback", "release_feedback:release", 9, after=PAGES_MADE, waits_for="feedback",
         button=Button("Release feedback", "Let students read them",
                       said="Feedback on {module} is on its way to the students.")),
    Kind("measure", "measure:measure", 1, scope=None, holds=NOTHING),
    Kind("snapshot", "snapshot:check", 2, scope=None, holds=NOTHING, away=True),
    Kind("compare", "compare:compare", 19, holds=ALONE),
    Kind("milestone", "milestone:run", 20, after=COLLECTED, holds=ALONE),
)  # fmt: skip


def find_kind(name: str) -> Kind | None:
    """Return the kind of that name, None if the table has none."""
    return next((kind for kind in KINDS if kind.name == name), None)


def judge_of(assignment: str) -> str:
    """Name the kind of work that gives an assignment its points."""
    return "milestone" if is_milestone(assignment) else "autograde"


def all_names() -> list[str]:
    return [kind.name for kind in KINDS]


def names_to_ask_for() -> list[str]:
    """Name the kinds that a person or another service may ask for."""
    return [kind.name for kind in KINDS if kind.scope]


def names_away() -> list[str]:
    """Name the kinds that judges on other machines do, if there are any."""
    return [kind.name for kind in KINDS if kind.away]


def names_here() -> list[str]:
    return [kind.name for kind in KINDS if not kind.away]


def offered() -> list[tuple[Kind, Button]]:
    """Return the kinds that pages offer, in the order of the table."""
    return [(kind, kind.button) for kind in KINDS if kind.button]


def buttons() -> list[dict[str, Any]]:
    """Return what pages need to offer them, as plain data."""
    return [
        {
            "kind": kind.name, "text": button.text, "hint": button.hint, "order": button.order or button.text,
            "said": button.said, "address": kind.address, "each": kind.after is not None,
        }
        for kind, button in offered()
    ]  # fmt: skip
