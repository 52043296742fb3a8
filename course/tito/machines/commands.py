"""`tito grade certificates`, `scheduler` and `worker`: judges on other machines."""

import json
import os
import sys
from pathlib import Path

import click

from tito.errors import TitoError

CERTIFICATES = click.option(
    "--certificates", type=click.Path(file_okay=False, path_type=Path), envvar="GRADING_CERTIFICATES", required=True,
    help="Folder with the certificates, from `tito grade certificates`.",
)  # fmt: skip
WORKERS_PORT, DOOR_PORT = 8786, 8787


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--renew", is_flag=True, help="Make new ones even if the old ones are valid; the authority stays.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def certificates(folder, renew, as_json):
    """Make the certificates for scheduler, workers and grading service in FOLDER.

    If you run it again, it makes only those that are missing or expire within 30 days. Copy FOLDER/scheduler and
    FOLDER/worker to the machines of these parts; FOLDER itself, with the authority's key, stays with the grading
    service.

    \b
    Example:
      tito grade certificates var/secrets/grading-certificates
    """
    from .certificates import make_certificates

    ends = make_certificates(folder, renew=renew)
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "good_until": ends}, indent=1))
        return
    for part, day in ends.items():
        click.echo(f"{folder / part}: valid until {day}")


@click.command()
@CERTIFICATES
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@click.option("--port", default=WORKERS_PORT, show_default=True, help="Port for workers.")
@click.option("--door-port", default=DOOR_PORT, show_default=True, help="Port for the grading service.")
@click.option("--no-walls", is_flag=True, help="No sandbox: in a container or machine without files of the course.")
def scheduler(certificates, host, port, door_port, no_walls):
    """Run the one scheduler that grading on several machines needs.

    It runs in its own sandbox (bubblewrap), since workers can run code in it.

    \b
    Example:
      tito grade scheduler --certificates var/secrets/grading-certificates
    """
    from .certificates import files_of
    from .walls import INSIDE, behind_walls

    files = files_of(certificates, "scheduler")
    if no_walls:
        from .scheduler import run_scheduler
        from .worker import quieten

        quieten()
        run_scheduler(certificates, host, port, door_port)
        return
    words = ["--certificates", INSIDE, "--host", host, "--port", str(port), "--door-port", str(door_port)]
    command = behind_walls(["-m", "tito.cli", "grade", "scheduler", *words, "--no-walls"], files)
    sys.stdout.flush()
    os.execv(command[0], command)


@click.command()
@click.option("--scheduler", required=True, envvar="GRADING_WORKERS_SCHEDULER", metavar="tls://HOST:PORT")
@CERTIFICATES
@click.option("--jobs", type=click.IntRange(1, 64), help="Submissions judged at the same time.  [one per processor]")
@click.option("--name", default="", help="Its name in `tito grade workers`.  [the machine's name]")
@click.option("--host", help="Address at which the scheduler and other workers reach this one.  [detected]")
def worker(scheduler, certificates, jobs, name, host):
    """Judge submissions on this machine for a scheduler elsewhere, until Ctrl-C or SIGTERM.

    It needs the same sandbox as grading, and refuses to start without it.

    \b
    Example:
      tito grade worker --scheduler tls://hub.example.org:8786 --certificates worker --jobs 4
    """
    if not scheduler.startswith("tls://"):
        raise TitoError(f"{scheduler!r} is not a scheduler's address: use tls://HOST:PORT, always encrypted")
    from .worker import quieten, run_worker

    quieten()
    run_worker(scheduler, certificates, jobs or len(os.sched_getaffinity(0)), name=name, host=host)
