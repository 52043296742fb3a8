"""What somebody may be called on the leaderboard: short, in plain letters, and not like anybody who teaches or studies.

Only ASCII letters: across scripts, too many look alike to tell who is meant.
"""

import re
from collections.abc import Iterable

from exchange.protocol.models import Refused

FEWEST, MOST = 3, 24
PLAIN = re.compile(r"[A-Za-z0-9]+(?:[ _-][A-Za-z0-9]+)*")
LOOK_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b"})
OFFICES = ("staff", "admin", "instructor", "teacher", "professor", "lecturer", "tutor", "grader", "assistant", "system")
SHORTEST_INSIDE = 4  # of a staff member's name, which may not be inside another; "al" is in too many words


def key_of(pseudonym: str) -> str:
    """Return what is the same for names that look alike.

    >>> key_of("Da_l") == key_of("DA1")
    True
    """
    letters = re.sub(r"[^a-z0-9]", "", pseudonym.lower()).translate(LOOK_ALIKE)
    return letters.replace("rn", "m").replace("vv", "w")


def check(pseudonym: str, staff: Iterable[str], others: Iterable[str]) -> str:
    """Return a pseudonym as it is shown; raise Refused for one that nobody may have.

    Args:
        staff: user names of those who teach.
        others: user names of everybody else, except the person asking.
    """
    name = " ".join(pseudonym.split())
    if not FEWEST <= len(name) <= MOST or not PLAIN.fullmatch(name):
        rule = f"a pseudonym must have {FEWEST} to {MOST} letters and digits, with single spaces or '-' between them"
        raise Refused(rule, ascii(name)[:60], "choose another", 422)
    key = key_of(name)
    names = [key_of(each.partition("@")[0]) for each in staff]
    offices = [key_of(each) for each in OFFICES]
    if key in ("ta", "tas", *names) or any(each in key for each in (*offices, *names) if len(each) >= SHORTEST_INSIDE):
        raise Refused("a pseudonym must not look like somebody who teaches", name, "choose another", 422)
    if key in {key_of(each) for each in others}:
        raise Refused("a pseudonym must not be somebody else's user name", name, "choose another", 422)
    return name
