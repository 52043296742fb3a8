"""What students are asked about the course a few times a semester, and how answers become distributions.

Answers are added up by question and never kept one by one: what somebody answers to one question is not kept next to
what they answer to another, nor next to the text that may give them away.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .terms import known

LONGEST_TEXT = 500  # characters: enough for a remark, and few enough for a key in PostgreSQL's index
TEXT = "text"
EVERYBODY = ("", "")  # every answer adds one to this, no matter what it says
Tally = Counter[tuple[str, str]]  # by question and choice; a text is its own choice


@dataclass(frozen=True)
class Question:
    """A question with its choices, in the order in which they are shown."""

    name: str
    title: str
    choices: dict[str, str]


QUESTIONS = (
    Question(
        "hours", "How many hours did you spend on this course in the last week?",
        {"0-2": "up to 2", "2-4": "2 to 4", "4-6": "4 to 6", "6-10": "6 to 10", "10-": "more than 10"},
    ),
    Question(
        "ideas", "How much of that time went into ideas rather than into syntax, tools and waiting?",
        {"0-25": "up to a quarter", "25-50": "a quarter to half", "50-75": "half to three quarters", "75-100": "more"},
    ),
    Question(
        "stopped", "What stopped you most?",
        {"idea": "an idea", "syntax": "Python's or numpy's syntax", "tool": "a tool", "environment": "the environment",
         "nothing": "nothing"},
    ),
    Question(
        "reading", "Could you read a PyTorch program that uses what you built?",
        {"yes": "yes", "partly": "partly", "no": "no"},
    ),
    Question(
        "copied", "Did you copy code that you do not understand?",
        {"no": "no", "little": "a little", "much": "a lot"},
    ),
)  # fmt: skip
TEXT_TITLE = "What should the course change?"


def problem_of(answers: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Return what is wrong with an answer, the value and the remedy; None if nothing is wrong."""
    choices = {question.name: question.choices for question in QUESTIONS}
    if not any(answers.values()):
        return "the answer is empty", "", "choose something in one of the questions"
    for name, said in answers.items():
        if name == TEXT and len(said) > LONGEST_TEXT:
            return f"the text has more than {LONGEST_TEXT} characters", str(len(said)), "shorten it"
        if name != TEXT and name not in choices:
            return "the survey has no such question", name, f"answer: {', '.join([*choices, TEXT])}"
        if name != TEXT and said and said not in choices[name]:
            return f"the answer to `{name}` is none of its choices", said, f"choose: {', '.join(choices[name])}"
    return None


def tally(answers: Iterable[Mapping[str, str]]) -> Tally:
    """Add answers up by question and choice; what was left open is not counted."""
    found: Tally = Counter()
    for each in answers:
        found.update([EVERYBODY, *((name, said) for name, said in each.items() if said)])
    return found


def distributions(counts: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Return how many chose what, and the texts in alphabetical order; too few answers make no distribution."""
    answers = counts.get(EVERYBODY, 0)
    if not known(answers):
        return {"answers": None, "questions": [], "texts": []}
    texts = sorted(choice for (name, choice), count in counts.items() if name == TEXT for _ in range(count))
    return {"answers": answers, "questions": [_distribution(each, counts) for each in QUESTIONS], "texts": texts}


def _distribution(question: Question, counts: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {"choice": choice, "title": title, "count": counts.get((question.name, choice), 0)}
        for choice, title in question.choices.items()
    ]
    enough = known(sum(row["count"] for row in rows))
    return {"question": question.name, "title": question.title, "choices": rows if enough else None}
