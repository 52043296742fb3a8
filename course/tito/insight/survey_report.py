"""What surveys say for a semester's report: shares next to the course's own limits, without what students wrote."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .survey import QUESTIONS
from .terms import GOAL_COMPLETED, MOST_COPYING, MOST_HOURS, SHARE_ON_IDEAS, known

Counts = Mapping[str, int]  # by choice
MISSING = "not known"
HEADS = ["Survey", "Answers", "Hours a week, median", "Half or more on ideas", "Copied without understanding",
         "Reads PyTorch, at least partly"]  # fmt: skip
IDEAS, COPYING, READING = ("50-75", "75-100"), ("little", "much"), ("yes", "partly")
TWO_MODULES = ("0-2", "2-4", "4-6")  # a week's hours for two modules of MOST_HOURS


@dataclass(frozen=True)
class SurveyGoal:
    """What the course promises about a question: the choices that count, and which share of them keeps the promise."""

    question: str
    choices: tuple[str, ...]
    promise: str
    is_kept: Callable[[float], bool]
    alarm: str  # what a broken promise asks for


GOALS = (
    SurveyGoal(
        "hours", TWO_MODULES, f"Half of the students spend at most {2 * MOST_HOURS:g} hours a week, two modules' time",
        lambda share: share >= 0.5, "assign fewer modules a week, or shorten those of these weeks",
    ),
    SurveyGoal(
        "ideas", IDEAS, f"At least {SHARE_ON_IDEAS:.0%} spend half of their time or more on ideas",
        lambda share: share >= SHARE_ON_IDEAS, "look for syntax, tools and waiting that students could be spared",
    ),
    SurveyGoal(
        "copied", COPYING, f"At most {MOST_COPYING:.0%} copied code that they do not understand",
        lambda share: share <= MOST_COPYING, "ask questions that a copy can't answer, and review the hints",
    ),
    SurveyGoal(
        "reading", READING, f"At least {GOAL_COMPLETED:.0%} can read PyTorch with what they built, at least partly",
        lambda share: share >= GOAL_COMPLETED, "work through the reading questions in class",
    ),
)  # fmt: skip


def survey_rows(surveys: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return, for each survey with enough answers, when it was, how many answered, and the counts of each question."""
    return [
        {"survey": each["survey"], "week": each["week"], "answers": each["answers"],
         "counts": {q["question"]: {row["choice"]: row["count"] for row in q["choices"]}
                    for q in each["questions"] if q["choices"]}}
        for each in surveys if each["answers"]
    ]  # fmt: skip


def survey_goals(rows: list[dict[str, Any]]) -> list[str]:
    """Say for each promise in how many surveys it was kept, and what the newest says."""
    return [f"{goal.promise}: {_kept(goal, rows)}" for goal in GOALS] if rows else []


def survey_changes(rows: list[dict[str, Any]]) -> list[str]:
    """Say what the newest survey asks for: for each promise that it breaks, its share and where to look."""
    broken = [(goal, _share(goal, rows[-1])) for goal in GOALS] if rows else []
    return [
        f"{goal.promise[0].lower()}{goal.promise[1:]}: in the newest survey it is {share:.0%}; {goal.alarm}"
        for goal, share in broken
        if share is not None and not goal.is_kept(share)
    ]


def survey_table(rows: Iterable[Mapping[str, Any]], semester: str = "") -> list[list[str]]:
    """Return a line for each survey under HEADS, named after its `semester` if that is another one."""
    return [
        [f"{semester}, {_when(row)}" if semester else _when(row).capitalize(), str(row["answers"]), _median_hours(row),
         *(_percent(_share(goal, row)) for goal in GOALS[1:])]
        for row in rows
    ]  # fmt: skip


def _kept(goal: SurveyGoal, rows: list[dict[str, Any]]) -> str:
    shares = [share for row in rows if (share := _share(goal, row)) is not None]
    if not shares:
        return MISSING
    return f"{sum(map(goal.is_kept, shares))} of {len(shares)} surveys, {shares[-1]:.0%} in the newest"


def _share(goal: SurveyGoal, row: Mapping[str, Any]) -> float | None:
    counts: Counts = row["counts"].get(goal.question, {})
    total = sum(counts.values())
    return sum(counts.get(choice, 0) for choice in goal.choices) / total if known(total) else None


def _median_hours(row: Mapping[str, Any]) -> str:
    """Name the choice that contains the median answer."""
    counts: Counts = row["counts"].get("hours", {})
    total, seen = sum(counts.values()), 0
    for choice, title in QUESTIONS[0].choices.items():
        seen += counts.get(choice, 0)
        if known(total) and 2 * seen >= total:
            return title
    return MISSING


def _when(row: Mapping[str, Any]) -> str:
    return f"week {row['week']}" if row["week"] else str(row["survey"])


def _percent(share: float | None) -> str:
    return MISSING if share is None else f"{share:.0%}"
