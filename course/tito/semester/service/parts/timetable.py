"""The service's own schedule of releases and collections."""

from functools import partial

from sqlalchemy import Engine

from tito.semester.read import Valid
from tito.semester.service import schedule
from tito.semester.service.change import Change
from tito.semester.service.parts.exchange import Needs


def changes(valid: Valid, engine: Engine, needs: Needs) -> list[Change]:
    """Return what makes the schedule that of the semester; `needs` has the modules whose dates need a yes."""
    course, local = valid.semester.course, valid.semester.local
    changed = schedule.difference(engine, valid)
    return [
        *(
            Change(
                "-",
                "schedule",
                f"{e.kind} {e.module}",
                local(e.at),
                partial(schedule.cancel, engine, course, e),
                needs.get(e.module),
            )
            for e in changed.cancel
        ),
        *(
            Change(
                "+",
                "schedule",
                f"{e.kind} {e.module}",
                local(e.at),
                partial(schedule.add, engine, course, e),
                needs.get(e.module),
            )
            for e in changed.add
        ),
    ]
