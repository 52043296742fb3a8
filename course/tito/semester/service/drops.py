"""When a semester takes away what people have: a damaged or truncated file may be likelier than a decision.

A roster may lose a few names without confirmation. Losing more, or any extension still in use, must be confirmed.
"""

from collections.abc import Collection

from tito.semester.service.change import Confirmation

UNASKED_PERCENT = 10  # of a class, or of the staff, that an apply may drop without being asked
SHOWN_NAMES = 10


def of_people(what: str, leaving: Collection[str], now: Collection[str]) -> Confirmation | None:
    """Return what must be confirmed if so many of the people `now` are `leaving`; `what` is the word for them."""
    if len(leaving) * 100 <= len(now) * UNASKED_PERCENT:
        return None
    names = sorted(leaving)
    shown = ", ".join(names[:SHOWN_NAMES])
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return Confirmation("drops", f"{len(leaving)} of {len(now)} {what} would leave the course: {shown}{more}")


def of_extension(student: str, module: str, until: str) -> Confirmation:
    """Return what must be confirmed to take back an extension that has not ended."""
    return Confirmation("drops", f"{student} would lose the extension for {module} until {until}")
