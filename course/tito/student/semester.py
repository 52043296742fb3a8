"""Which modules the semester runs, as the semester service tells everybody in the course.

The exchange can't tell: it lists only what is released to students, and in the first week that is one module.
"""

import os
from dataclasses import dataclass

import click

from tito.errors import TitoError
from tito.student.progress import NOT_RELEASED, NOT_WRITTEN, PREBUILT, RELEASED, Progress

PATIENCE_SECONDS = 2.0
BUILT = "built"
RUNS = (BUILT, "prebuilt")
# A module in one of these states contains none of the student's work, so leaving its line out hides none.
UNTOUCHED = (NOT_WRITTEN, NOT_RELEASED, RELEASED, PREBUILT)


@dataclass(frozen=True)
class Listed:
    """The modules to list, how many were left out, and why the semester is unknown ('' if it is known, or none)."""

    progress: list[Progress]
    left_out: int = 0
    trouble: str = ""


def say_what_is_listed(listed: Listed) -> None:
    """Say below a list what it leaves out, or why it could not."""
    if listed.trouble:
        click.secho(f"\nAll modules are shown, not only your semester's: {listed.trouble}", fg="yellow")
    elif listed.left_out:
        more = "1 more module is" if listed.left_out == 1 else f"{listed.left_out} more modules are"
        click.echo(f"\n{more} in the curriculum but not in this semester: --all lists everything.")


def list_progress(progress: list[Progress], everything: bool) -> Listed:
    """Keep what the semester runs, and what the student worked on; all if asked, or if no semester is known."""
    if everything or not os.environ.get("SEMESTER_URL"):
        return Listed(progress)
    places, trouble = _places()
    if trouble:
        return Listed(progress, trouble=trouble)
    running = {slug for slug, place in places.items() if place in RUNS}
    kept = [each for each in progress if each.module.slug in running or each.state not in UNTOUCHED]
    return Listed(kept, len(progress) - len(kept))


def built_by_semester() -> set[str]:
    """Return the slugs of modules that students of the semester build; none if there is no semester.

    Raise if that can't be found out: the caller would have to guess.
    """
    if not os.environ.get("SEMESTER_URL"):
        return set()
    places, trouble = _places()
    if trouble:
        raise TitoError(f"can't find out which modules your semester builds: {trouble}. Try again in a minute.")
    return {slug for slug, place in places.items() if place == BUILT}


def _places() -> tuple[dict[str, str], str]:
    """Ask what place the semester gives each module, by slug; if there is no answer, return the reason."""
    from exchange.client.connection import Connection, Unreachable
    from exchange.client.token import hub_token
    from exchange.protocol.models import Refused

    service = Connection(
        os.environ["SEMESTER_URL"], hub_token(os.environ, "EXCHANGE_TOKEN"), patience_seconds=PATIENCE_SECONDS
    )
    try:
        course = service.ask("GET", "course")
        return {m["slug"]: m["place"] for tier in course["tiers"] for m in tier["modules"]}, ""
    except Unreachable as error:  # the rest of its message is about the exchange
        return {}, f"the semester service does not answer ({error.value})"
    except Refused as error:
        return {}, f"the semester service says: {error}"
    except (KeyError, TypeError):
        return {}, "the semester service sent an unexpected response"
    finally:
        service.close()
