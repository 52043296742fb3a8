"""What each number means, when it counts as known, and what the course has promised. Pages, terminal and report quote
this file.
"""

from dataclasses import dataclass

ENOUGH = 5  # students: a share or a median of fewer says more about each of them than about the module
ENOUGH_TO_CORRELATE = 10
FEW_EVENTS = 4  # with fewer, a student's time is not known
GOAL_COMPLETED, ALARM_COMPLETED = 0.85, 0.5
MOST_HOURS = 3.0
MOST_SPREAD = 3.0
SHARE_ON_IDEAS = 0.5  # of students, who spend half of their time or more on ideas: otherwise the course teaches syntax
MOST_COPYING = 0.2  # of students, who say that they copied without understanding
SUSPECT_SHARE = 0.2  # of students: if no more pass a check in the end, it is suspect
SUSPECT_DISCRIMINATION = -0.2  # those who are right elsewhere are wrong here
STUCK_RUNS = 6  # failed runs of one test cell in a row
STUCK_DAYS = 3  # without any progress
GONE_DAYS = 21  # after that long nobody is stuck: they have left the module

TOLD = "reported by students' own servers"
JUDGED = "judged by the course"


@dataclass(frozen=True)
class Term:
    """A number's name in JSON, what readers call it, what it counts, and where it comes from."""

    name: str
    title: str
    meaning: str
    source: str


TERMS = {
    term.name: term
    for term in (
        Term("fetched", "Fetched", "Students whose server has fetched the module.", TOLD),
        Term("worked", "Worked", "Students who ran a test cell, or `tito module test`.", TOLD),
        Term(
            "completed",
            "Completed",
            "Students who passed every visible check: in a judged attempt, or by `tito module complete`. The course's "
            f"goal is {GOAL_COMPLETED:.0%}; below {ALARM_COMPLETED:.0%} something is wrong with the module.",
            f"{JUDGED}, or {TOLD}",
        ),
        Term("submitted", "Handed in", "Students with an attempt that arrived.", JUDGED),
        Term("full", "Full points", "Students whose graded attempt passes every check, hidden ones too.", JUDGED),
        Term(
            "time",
            "Hours",
            "The time between a student's events of one session; a pause of more than 30 minutes ends a session and is "
            "not counted. Reading before the first event is not seen, so this is the least that the module took. Not "
            f"known with fewer than {FEW_EVENTS} events.",
            TOLD,
        ),
        Term(
            "spread",
            "Spread",
            "How many times longer the slowest tenth takes than the fastest tenth: the 90th percentile of hours over "
            f"the 10th. Above {MOST_SPREAD:g} the class has drifted apart.",
            TOLD,
        ),
        Term("attempts", "Attempts", "How often students handed the module in; the median.", JUDGED),
        Term(
            "first",
            "At first",
            "Of those who handed in, the share that passes at the first attempt. Hidden checks are judged only in "
            "the attempt that counts, so theirs is not known.",
            JUDGED,
        ),
        Term("last", "At last", "The share that passes in the newest judged attempt.", JUDGED),
        Term(
            "discrimination",
            "Discrimination",
            "The correlation of passing a check with the points of the module's other checks, from -1 to 1. Near 0 the "
            "check says nothing about the rest; below 0 it fails those who are right elsewhere. Not known with "
            f"fewer than {ENOUGH_TO_CORRELATE} students, or if all pass or all fail.",
            JUDGED,
        ),
        Term("kinds", "Faults", "What kind of fault failed the check, and how often.", JUDGED),
        Term(
            "runs",
            "Runs to solve",
            "How often a test cell was run until all its visible checks passed; the median of those who got there.",
            TOLD,
        ),
        Term(
            "stuck",
            "Stuck now",
            f"{STUCK_RUNS} or more failed runs of one test cell in a row, or no progress for {STUCK_DAYS} days in a "
            "module that was started but neither completed nor handed in. In the order of modules and names: this is "
            "no ranking.",
            TOLD,
        ),
        Term(
            "suspect",
            "Suspect",
            f"A check that at most {SUSPECT_SHARE:.0%} pass at last, or that fails those who are right elsewhere "
            f"(discrimination of {SUSPECT_DISCRIMINATION:g} or less): review the check before you turn to students.",
            JUDGED,
        ),
        Term(
            "reading",
            "Reads PyTorch",
            "The share of points given by hand for the module's reading question, among the answers that were read.",
            JUDGED,
        ),
        Term("predictions", "Predictions", "How many students' first prediction was right.", TOLD),
    )
}


def known(people: int) -> bool:
    """Tell whether that many students are enough for a number."""
    return people >= ENOUGH
