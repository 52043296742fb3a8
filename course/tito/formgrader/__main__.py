"""Run the gateway: `python -m tito.formgrader --course-dir var/course`."""

import asyncio
import logging
import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

import click
from tornado import web
from tornado.httpserver import HTTPServer

from tito.grading.settings import GradingSettings, settings_from_environment
from tito.running_nbgrader import put_programs_on_path

from .on_request import OnRequest

EXAMPLE = """\b
Example (the Hub sets the JUPYTERHUB_... variables of a service):
  JUPYTERHUB_SERVICE_URL=http://127.0.0.1:8105 python -m tito.formgrader --course-dir var/course
"""


@click.command(epilog=EXAMPLE)
@click.option("--course-dir", type=click.Path(file_okay=False, path_type=Path), envvar="GRADING_COURSE_DIR")
@click.option("--course-id", envvar="EXCHANGE_COURSE", help="As in nbgrader and the exchange.")
@click.option("--grading-url", envvar="GRADING_URL", required=True, help="Where the grading service answers.")
@click.option("--exchange-url", envvar="EXCHANGE_URL", default="", help="Where the exchange answers.")
@click.option("--url", envvar="JUPYTERHUB_SERVICE_URL", default="http://127.0.0.1:8105", show_default=True)
@click.option("--port", type=int, help="Instead of --url: this port of 127.0.0.1.")
def main(course_dir, course_id, grading_url, exchange_url, url, port):
    """Serve nbgrader's formgrader to TAs and instructors, behind the Hub's login."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    put_programs_on_path()
    settings = settings_from_environment(
        create=True, course_dir=course_dir, course_id=course_id, exchange_url=exchange_url
    )
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/")
    app = OnRequest(prefix, lambda: make_gateway(settings, grading_url))
    place = urlsplit(url)
    asyncio.run(serve(app, place.hostname or "127.0.0.1", port or place.port or 8105))


def make_gateway(settings: GradingSettings, grading_url: str) -> web.Application:
    """Load all that the pages need, and return them."""
    from jupyterhub.services.auth import HubOAuth

    from .application import make_application
    from .released import released_assignments

    # A right that was taken away counts within half a minute, not after the default five.
    auth = HubOAuth(cache_max_age=30)
    app = make_application(
        settings.course_dir, settings.course_id, auth, grading_url, lambda: released_assignments(settings)
    )
    app.settings["gateway_pages"].warm_up()
    return app


async def serve(app, host: str, port: int) -> None:
    """Answer until SIGTERM or SIGINT, then finish what is being answered."""
    server = HTTPServer(app, xheaders=True)
    server.listen(port, address=host)
    logging.getLogger("formgrader").info("listening on %s:%s (pid %s)", host, port, os.getpid())
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    server.stop()
    await server.close_all_connections()


if __name__ == "__main__":
    main()
