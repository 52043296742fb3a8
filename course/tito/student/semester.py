"""Which modules the semester runs, as the semester service tells everybody in the course.

The exchange can't say it: to students it lists what is released, and in the first week that is one module.
"""

import os
from dataclasses import dataclass

import click

from tito.student.progress import NOT_RELEASED, NOT_WRITTEN, PREBUILT, RELEASED, Progress

PATIENCE_SECONDS = 2.0
RUNS = ("built", "prebuilt")
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
    running, trouble = _running()
    if trouble:
        return Listed(progress, trouble=trouble)
    kept = [each for each in progress if each.module.slug in running or each.state not in UNTOUCHED]
    return Listed(kept, len(progress) - len(kept))


def _running() -> tuple[set[str], str]:
    """Ask for the slugs of modules that are built or come prebuilt, or say why they can't be had."""
    from exchange.client.connection import Connection, Unreachable
    from exchange.client.token import hub_token
    from exchange.protocol.models import Refused

    service = Connection(
        os.environ["SEMESTER_URL"], hub_token(os.environ, "EXCHANGE_TOKEN"), patience_seconds=PATIENCE_SECONDS
    )
    try:
        course = service.ask("GET", "course")
        return {m["slug"] for tier in course["tiers"] for m in tier["modules"] if m["place"] in RUNS}, ""
    except Unreachable as error:  # its other words are about the exchange
        return set(), f"the semester service does not answer ({error.value})"
    except Refused as error:
        return set(), f"the semester service says: {error}"
    except (KeyError, TypeError):
        return set(), "the semester service answers in words that this tito does not know"
    finally:
        service.close()
