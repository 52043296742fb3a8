"""The service's own schedule of releases and collections."""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Engine

from tito.semester.read import Valid
from tito.semester.service import schedule
from tito.semester.service.change import Change, Sign
from tito.semester.service.parts.exchange import Needs


def changes(valid: Valid, engine: Engine, needs: Needs) -> list[Change]:
    """Return what makes the schedule match the semester; `needs` has the modules whose dates must be confirmed."""
    course, local = valid.semester.course, valid.semester.local
    changed = schedule.difference(engine, valid)

    def change(sign: Sign, e: schedule.Entry, make: Callable[..., None]) -> Change:
        done, what = partial(make, engine, course, e), f"{e.kind} {e.module or course}"
        return Change(sign, "schedule", what, local(e.at), done, needs.get(e.module))

    return [
        *(change("-", e, schedule.cancel) for e in changed.cancel),
        *(change("+", e, schedule.add) for e in changed.add),
    ]
