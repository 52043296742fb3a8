"""When a semester takes away what people have: a damaged or cut file may be likelier than a decision.

A roster is allowed to lose a few names by itself. More, and any extension that somebody still works by, needs a yes.
"""

from collections.abc import Collection

from tito.semester.service.change import Confirmation

UNASKED_PERCENT = 10  # of a class, or of the staff, that an apply may drop without being asked
SHOWN_NAMES = 10


def of_people(what: str, leaving: Collection[str], now: Collection[str]) -> Confirmation | None:
    """Return what asks for a yes if so many of the people `now` are `leaving`; `what` says how they are called."""
    if len(leaving) * 100 <= len(now) * UNASKED_PERCENT:
        return None
    names = sorted(leaving)
    shown = ", ".join(names[:SHOWN_NAMES])
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return Confirmation("drops", f"{len(leaving)} of {len(now)} {what} would leave the course: {shown}{more}")


def of_extension(student: str, module: str, until: str) -> Confirmation:
    """Return what asks for a yes to taking an extension back that has not ended."""
    return Confirmation("drops", f"{student} would lose the extension of {module} until {until}")
