"""Run the grading service: `python -m tito.grading --course-dir var/course --jobs 2`."""

import contextlib
import os
from pathlib import Path
from urllib.parse import urlsplit

import click
import uvicorn

from exchange.hub.identity import HubIdentity, read_caller
from exchange.hub.logs import set_up_logs
from tito.running_nbgrader import put_programs_on_path

from .api import make_app
from .arrivals import Arrivals
from .pool import RunnerPool
from .queue import Queue
from .records import open_database
from .settings import settings_from_environment

EXAMPLE = """\b
Example (the Hub sets the JUPYTERHUB_... variables of a service):
  JUPYTERHUB_API_URL=http://127.0.0.1:8081/hub/api python -m tito.grading --course-dir var/course --jobs 2
"""


@click.command(epilog=EXAMPLE)
@click.option("--course-dir", type=click.Path(file_okay=False, path_type=Path), help="nbgrader's course directory.")
@click.option("--database", "database_url", help="SQLAlchemy URL; default: grading.sqlite in the course directory.")
@click.option("--course-id", help="As in nbgrader and the exchange.")
@click.option("--exchange-url", help="Address of the exchange; without it, new submissions are not noticed.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Submissions judged at the same time (default 2).")
@click.option("--url", envvar="JUPYTERHUB_SERVICE_URL", default="http://127.0.0.1:8106", show_default=True)
@click.option("--port", type=int, help="Instead of --url: this port on 127.0.0.1.")
def main(url: str, port: int | None, **options) -> None:
    """Judge submissions, record the results, and answer questions about both."""
    set_up_logs("grading")
    put_programs_on_path()
    settings = settings_from_environment(create=True, **options)
    queue = Queue(open_database(settings.database_url))
    identity = HubIdentity(os.environ.get("JUPYTERHUB_API_URL", "http://127.0.0.1:8081/hub/api"), read_caller)

    @contextlib.asynccontextmanager
    async def lifespan(_app):
        with RunnerPool(settings, queue), Arrivals(settings, queue):
            yield
        await identity.close()

    app = make_app(settings, queue, identity, os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/"), lifespan)
    place = urlsplit(url)
    uvicorn.run(
        app, host=place.hostname or "127.0.0.1", port=port or place.port or 8106, log_config=None, log_level="warning",
        timeout_graceful_shutdown=5,
    )  # fmt: skip


if __name__ == "__main__":
    main()
