"""`python -m tito.campus.service`: serve until SIGTERM.

Address, prefix and token come from the Hub (JUPYTERHUB_SERVICE_URL, JUPYTERHUB_SERVICE_PREFIX, JUPYTERHUB_API_URL,
JUPYTERHUB_API_TOKEN), the other services from SEMESTER_URL and GRADING_URL, the course from EXCHANGE_COURSE.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import click
import uvicorn

from exchange.hub.logs import set_up_logs
from tito.campus.database import open_database
from tito.campus.people import Naming
from tito.campus.platform.client import PlatformClient, outside
from tito.campus.platform.keys import Keys
from tito.campus.platform.tokens import Registration, Tokens
from tito.campus.platform.walls import Walls
from tito.campus.registering import Registering, tool_of
from tito.campus.service.app import create_app, create_waiting_app
from tito.campus.service.campus import Campus
from tito.campus.service.neighbours import Neighbours
from tito.errors import TitoError

ALWAYS_NEEDED = (
    *("JUPYTERHUB_SERVICE_URL", "JUPYTERHUB_API_URL", "JUPYTERHUB_API_TOKEN", "SEMESTER_URL", "GRADING_URL"),
    *("EXCHANGE_COURSE", "CAMPUS_HOME_URL"),
)
PLATFORM = ("CAMPUS_ISSUER", "CAMPUS_CLIENT_ID", "CAMPUS_TOKEN_URL")


@click.command()
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=Path("var/campus"))
@click.option("--keys", type=click.Path(path_type=Path, file_okay=False), default=Path("var/secrets/campus-keys"))
def main(folder: Path, keys: Path) -> None:
    """Serve the campus: roster and grades between this course and a learning platform's."""
    set_up_logs("campus")
    named = any(os.environ.get(name) for name in PLATFORM)  # else there is no platform yet, and one may register
    needed = (*ALWAYS_NEEDED, *PLATFORM, "CAMPUS_CLAIM") if named else ALWAYS_NEEDED
    missing = [name for name in needed if not os.environ.get(name)]
    if missing:
        raise click.UsageError(f"{', '.join(missing)} must be set: the Hub's supervisor does this; see docs/campus.md")
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/campus/")
    registering = Registering(folder, tool_of(os.environ["CAMPUS_HOME_URL"]), Walls())
    try:
        if named:
            campus = build(folder, keys, os.environ)
            app = create_app(campus, os.environ["JUPYTERHUB_API_URL"], prefix, registering=registering)
        else:
            app = create_waiting_app(Keys(keys), registering, prefix)
    except TitoError as error:
        raise click.ClickException(str(error)) from error
    address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    uvicorn.run(
        app, host=address.hostname or "127.0.0.1", port=address.port or 80, log_config=None, log_level="warning"
    )


def build(folder: Path, keys_folder: Path, environ: Mapping[str, str]) -> Campus:
    """Return the campus with its database open, and with the addresses of its platform and the other services."""
    keys = Keys(keys_folder)
    registration = Registration(*(environ[name] for name in PLATFORM))
    client = PlatformClient(Tokens(registration, keys), outside(environ.get("CAMPUS_PROXY")))
    token = environ["JUPYTERHUB_API_TOKEN"]
    return Campus(
        course=environ["EXCHANGE_COURSE"],
        folder=folder,
        engine=open_database(f"sqlite:///{folder / 'campus.db'}"),
        keys=keys,
        client=client,
        neighbours=Neighbours(environ["SEMESTER_URL"], environ["GRADING_URL"], token),
        naming=Naming(environ["CAMPUS_CLAIM"], environ.get("CAMPUS_DOMAIN", "")),
        issuer=registration.issuer,
        home_url=environ["CAMPUS_HOME_URL"],
    )


if __name__ == "__main__":
    main()
