"""Which modules the semester runs, as the semester service tells everybody in the course.

The exchange can't say it: to students it lists what is released, and in the first week that is one module.
"""

import os
from dataclasses import dataclass

import click

from tito.errors import TitoError
from tito.student.progress import NOT_RELEASED, NOT_WRITTEN, PREBUILT, RELEASED, Progress

PATIENCE_SECONDS = 2.0
BUILT = "built"
RUNS = (BUILT, "prebuilt")
# Of a module in such a state nothing is the student's own: leaving its line out hides no work.
UNTOUCHED = (NOT_WRITTEN, NOT_RELEASED, RELEASED, PREBUILT)


@dataclass(frozen=True)
class Listed:
    """The modules to list, how many were left out, and why the semester can't be known ('' if it is, or has none)."""

    progress: list[Progress]
    left_out: int = 0
    trouble: str = ""


def say_what_is_listed(listed: Listed) -> None:
    """Say below a list what it leaves out, or why it could not."""
    if listed.trouble:
        click.secho(f"\nAll modules are shown, not your semester's alone: {listed.trouble}", fg="yellow")
    elif listed.left_out:
        more = "1 more module is" if listed.left_out == 1 else f"{listed.left_out} more modules are"
        click.echo(f"\n{more} in the curriculum and not in this semester: --all lists all.")


def list_progress(progress: list[Progress], everything: bool) -> Listed:
    """Keep what the semester runs, and what the student worked on; all if asked, or where no semester is known."""
    if everything or not os.environ.get("SEMESTER_URL"):
        return Listed(progress)
    places, trouble = _places()
    if trouble:
        return Listed(progress, trouble=trouble)
    running = {slug for slug, place in places.items() if place in RUNS}
    kept = [each for each in progress if each.module.slug in running or each.state not in UNTOUCHED]
    return Listed(kept, len(progress) - len(kept))


def built_by_semester() -> set[str]:
    """Return the slugs of modules that students of the semester build; none where there is no semester.

    That it can't be known is an error: what rests on it would be a guess.
    """
    if not os.environ.get("SEMESTER_URL"):
        return set()
    places, trouble = _places()
    if trouble:
        raise TitoError(
            f"which modules your semester builds must be known first, and {trouble}. Try again in a minute."
        )
    return {slug for slug, place in places.items() if place == BUILT}


def _places() -> tuple[dict[str, str], str]:
    """Ask for what the semester makes of each module, by slug, or say why that can't be had."""
    from exchange.client.connection import Connection, Unreachable
    from exchange.client.token import hub_token
    from exchange.protocol.models import Refused

    service = Connection(
        os.environ["SEMESTER_URL"], hub_token(os.environ, "EXCHANGE_TOKEN"), patience_seconds=PATIENCE_SECONDS
    )
    try:
        course = service.ask("GET", "course")
        return {m["slug"]: m["place"] for tier in course["tiers"] for m in tier["modules"]}, ""
    except Unreachable as error:  # its other words are about the exchange
        return {}, f"the semester service does not answer ({error.value})"
    except Refused as error:
        return {}, f"the semester service says: {error}"
    except (KeyError, TypeError):
        return {}, "the semester service answers in words that this tito does not know"
    finally:
        service.close()
