"""`python -m tito.semester.service`: serve until SIGTERM.

    python -m tito.semester.service --database sqlite:///var/semester/semester.db --course-dir var/course \\
        --semester var/semester/demo.yaml --apply

Address, prefix and token come from the Hub (JUPYTERHUB_SERVICE_URL, JUPYTERHUB_SERVICE_PREFIX, JUPYTERHUB_API_URL,
JUPYTERHUB_API_TOKEN), the other services from EXCHANGE_URL and GRADING_URL, the course tree from TITO_COURSE.
"""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import click
import uvicorn

from exchange.client.exchange_client import ExchangeClient
from exchange.hub.logs import set_up_logs
from exchange.protocol.models import Refused
from tito.curriculum import Curriculum, load_curriculum
from tito.errors import TitoError
from tito.semester.read import read
from tito.semester.service import confirmation
from tito.semester.service.actions import Actions
from tito.semester.service.ahead import Ahead
from tito.semester.service.app import Service, create_app
from tito.semester.service.conductor import Conductor, Places
from tito.semester.service.database import open_database
from tito.semester.service.freezing import CourseFrozen, Freezing
from tito.semester.service.grading_api import Grading
from tito.semester.service.hub_api import Hub
from tito.semester.service.scheduler import Scheduler

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
PATIENCE_SECONDS = 10.0  # the schedule, or whoever applies, tries again what failed
NEEDED = ("JUPYTERHUB_SERVICE_URL", "JUPYTERHUB_API_URL", "JUPYTERHUB_API_TOKEN", "EXCHANGE_URL", "GRADING_URL")
log = logging.getLogger("tito.semester")


@click.command()
@click.option("--database", default="sqlite:///var/semester/semester.db", show_default=True, help="SQLAlchemy URL.")
@click.option("--course-dir", type=click.Path(path_type=Path, file_okay=False), default=Path("var/course"))
@click.option(
    "--semester", type=click.Path(path_type=Path, dir_okay=False), help="The file that the plan and apply buttons use."
)
@click.option(
    "--apply", "apply_now", is_flag=True, help="Put the file in force at start, as soon as Hub and exchange answer."
)
def main(database: str, course_dir: Path, semester: Path | None, apply_now: bool) -> None:
    """Serve the semester: its state, plan and apply, releases and collections on time."""
    set_up_logs("semester")
    if apply_now and semester is None:
        raise click.UsageError("--apply needs --semester FILE")
    service = build(database, course_dir.resolve(), semester and semester.resolve(), _environment())
    stopping = threading.Event()
    if apply_now:
        threading.Thread(target=_apply_at_start, args=(service, stopping), name="apply at start", daemon=True).start()
    address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    app = create_app(service, os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/semester/"))
    uvicorn.run(
        app, host=address.hostname or "127.0.0.1", port=address.port or 80, log_config=None, log_level="warning"
    )
    stopping.set()


def build(
    database: str,
    course_dir: Path,
    file: Path | None,
    environment: dict[str, str],
    curriculum: Callable[[], Curriculum] = load_curriculum,
) -> Service:
    """Return the service with its database open and with the addresses of the other services."""
    token, hub_api_url = environment["JUPYTERHUB_API_TOKEN"], environment["JUPYTERHUB_API_URL"]
    (course_dir / "source").mkdir(parents=True, exist_ok=True)

    def exchange_for(name: str) -> ExchangeClient:
        return ExchangeClient(environment["EXCHANGE_URL"], token, name, PATIENCE_SECONDS)

    places = Places(open_database(database), course_dir, curriculum, Hub(hub_api_url, token), exchange_for(""))
    grading = Grading(environment["GRADING_URL"], token)
    freezing = Freezing(places.engine, grading, exchange_for)
    scheduler = Scheduler(places.engine, Actions(places, grading, exchange_for, freezing).run)
    conductor = Conductor(places, scheduler.wake, freezing.refuse_frozen)
    ahead = Ahead(places.hub, conductor.valid_in_force)
    return Service(places, conductor, scheduler, freezing, ahead, hub_api_url, file)


def _environment() -> dict[str, str]:
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        raise click.UsageError(
            f"{', '.join(missing)} must be set: the Hub's supervisor does this; see docs/operator.md"
        )
    return {name: os.environ[name] for name in NEEDED}


def _apply_at_start(service: Service, stopping: threading.Event) -> None:
    """Apply the file until it has worked once; Hub and exchange may still be starting."""
    assert service.file is not None
    pause = FIRST_PAUSE_SECONDS
    while not stopping.is_set():
        if not (reason := _apply_once(service, service.file)):
            return
        log.warning("%s is not in force yet, trying again in %.0f s: %s", service.file, pause, reason)
        stopping.wait(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _apply_once(service: Service, file: Path) -> str:
    """Apply `file`; return why it did not work, "" if it did."""
    try:
        valid = read(file, service.places.curriculum())
        service.freezing.refuse_frozen(valid.semester.course)
        run = service.conductor.apply_unattended(valid, "semester")
    except CourseFrozen as error:
        log.info("%s is left unchanged: %s", file, error)
        return ""
    except (TitoError, Refused, OSError) as error:
        return str(error)
    if why := run.error or "; ".join(run.failed.values()):
        return why
    if run.lacking:
        log.warning("%s is in force, except for this: %s", file, confirmation.left_out(run.lacking))
    else:
        log.info("%s is in force", file)
    return ""


if __name__ == "__main__":
    main()
