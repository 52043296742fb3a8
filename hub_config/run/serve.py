"""`make serve`: prepare what is missing, start everything, print what to try, run until Ctrl-C.

Every step is idempotent: a second start finds its work done and takes seconds. All state is under `var`.
"""

import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from hub_config.checks import NotReady, check_bubblewrap, check_disk, check_port, check_readable
from hub_config.docker.bridge import with_bridge
from hub_config.docker.walls import put_up
from hub_config.origins import check_origins
from hub_config.ports import kept_ports, with_ports
from hub_config.run import demo_class, programs
from hub_config.run.certificates import check_certificates
from hub_config.run.prepare import prepare, say
from hub_config.run.supervisor import Supervisor, sweep
from hub_config.secret_files import read_or_create
from hub_config.services import TERMINAL, chosen, service_environment, service_url
from hub_config.settings import CHECKOUT, Settings, load_settings, settings_environment
from hub_config.sign_in.kinds import check_sign_in, how_to_log_in

RECORD = "hub/programs.json"
READY = "hub/ready"  # exists while everything answers
# If a build or the judging of a class keeps a machine busy, imports take minutes; dead programs are noticed otherwise.
START_SECONDS = 240.0
MOST_MISTAKES = 10  # shown from a semester file; a damaged one may have a hundred, and the service's page shows all


def serve(settings: Settings) -> None:
    """Run the Hub until it is told to stop."""
    check_disk(settings.var)
    if settings.place == "docker":
        settings = with_bridge(settings)
    with only_one(settings):
        if not settings.proxy_api:
            check_port(settings.host, settings.port)
        check_sign_in(settings)
        for warning in [*check_origins(settings), *check_certificates(settings)]:
            say(f"!!! {warning}")
        (settings.var / READY).unlink(missing_ok=True)  # left by one that was killed
        if settings.spawner == "bubblewrap":
            check_bubblewrap()
            check_readable(shown_to_servers(settings))
        prepare(settings)
        settings = with_ports(settings)
        if settings.spawner == "docker":
            for notice in put_up(settings):
                say(f"!!! {notice}")
        run(settings)


def shown_to_servers(settings: Settings) -> list[Path]:
    """Return which parts of the checkout servers read."""
    paths = {path for kind in (settings.student, settings.staff) for path in kind.read_only}
    return [CHECKOUT / "hub_config" / "server", *(CHECKOUT / path for path in sorted(paths))]


def run(settings: Settings) -> None:
    """Start all programs, watch them, and stop them at SIGINT or SIGTERM."""
    marker = read_or_create(settings.secrets, "hub-id")
    sweep(marker)  # what a killed supervisor left behind
    supervisor = Supervisor(marker, CHECKOUT, say, settings.var / RECORD)
    supervisor.adopt_orphans()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: supervisor.stopping.set())
    try:
        start_all(supervisor, settings)
        if not supervisor.stopping.is_set():
            (settings.var / READY).touch()
            say(welcome(settings))
            say("Ctrl-C stops the Hub; work, submissions and grades are kept. docs/operator.md has the rest.")
            demo_class.start(settings, marker)
        supervisor.watch()
    finally:
        say("\n==> Stopping; everything is kept")
        (settings.var / READY).unlink(missing_ok=True)
        if not settings.docker.keep_servers:
            stop_servers(settings)
        supervisor.stop()


def start_all(supervisor: Supervisor, settings: Settings) -> None:
    """Start proxy, Hub and services, and wait until each answers."""
    began = time.monotonic()
    services = chosen(settings)
    say(f"==> Starting the Hub and {', '.join(service.name for service in services)}")
    here = [service for service in services if service.name not in settings.elsewhere]
    own = {service.name: programs.service_program(service, settings) for service in here}
    web = [own[service.name] for service in here if service.web]
    # The Hub gives a service its route when it answers, so services start at the same time as the Hub and not after it.
    for program in (*front(settings), programs.hub(settings), *web):
        supervisor.start(program)
    wait(supervisor, "hub", f"{settings.hub_api_url}/health")
    came = []
    for service in services:
        if not service.web:
            supervisor.start(own[service.name])
        elif try_service(supervisor, service.name, f"{service_url(service.name, settings)}/health"):
            came.append(service.name)
    wait_for_semester(supervisor, settings)
    wait(supervisor, "proxy", f"{settings.entrance}hub/health")
    wait_for_routes(supervisor, settings, came)
    say(f"    ready after {time.monotonic() - began:.0f} s")


def front(settings: Settings) -> list[programs.Program]:
    """Return the proxy, none if it runs separately."""
    if settings.proxy_api:
        return []
    proxy = programs.proxy(settings)
    proxy.after_restart = lambda: restore_routes(settings)
    return [proxy]


def try_service(supervisor: Supervisor, name: str, url: str) -> bool:
    """Wait for a service; if it does not start, report it, let the others run without it, and return its name."""
    try:
        wait(supervisor, name, url)
    except (NotReady, TimeoutError) as error:
        say(f"!!! {error}\n    Everything else runs without {name}, which is restarted until it works.")
        return False
    return True


def wait_for_routes(supervisor: Supervisor, settings: Settings, names: list[str], seconds: float = 60) -> None:
    """Wait until these services answer through the proxy: before that, their addresses show the Hub's "no such page".

    The Hub answers before it has set the routes: seconds before, if it has to find students' servers again.
    """
    host = urlsplit(settings.subdomain_origin or settings.public_url).netloc.lower()  # as browsers send it
    for name in names:
        url = f"{settings.entrance}services/{name}/health"
        try:
            wait(supervisor, "proxy", url, seconds, host)
        except TimeoutError as error:
            say(f"!!! {error}\n    {name} can't be reached yet; the Hub adds its route within minutes.")


def wait_for_semester(supervisor: Supervisor, settings: Settings, seconds: float = 240) -> None:
    """Wait until people are known and due modules are released; if that takes long, print what is missing."""
    program = supervisor.programs.get("semester")
    if program is None:
        return
    say("==> Putting the semester in force")
    deadline = time.monotonic() + seconds
    while missing := still_missing(settings):
        supervisor.tend()
        if supervisor.stopping.wait(0.3):
            return
        if time.monotonic() > deadline:
            say(f"!!! Not ready yet: {missing}. It is retried until it succeeds; see {program.log}")
            return
    with suppress(OSError):  # it answered a moment ago; if it has ended since, the supervisor reports it
        for warning in left_as_it_was(programs.ask_service("semester", "api/v1/status", settings)):
            say(f"!!! {warning}")


def still_missing(settings: Settings) -> str:
    """Return what the semester service still has to do, "" if everything is in force."""
    try:
        status = programs.ask_service("semester", "api/v1/status", settings)
    except OSError as error:
        return f"the semester service ({error})"
    return missing_of(status)


def missing_of(status: dict) -> str:
    """Return what a semester service in this state is still doing; a file that waits for somebody does not count."""
    if status.get("frozen"):
        return ""
    run, is_broken = status["run"], bool(status["file"] and status["file"]["problems"])
    if not is_broken and not (run and run["finished"]):
        return "the semester file is being applied"
    if not is_broken and not status["in_force"] and not run["confirmations"]:
        return "the semester is not in force"
    overdue = [row["module"] for row in status["actions"] if _is_overdue_release(row, status["now"])]
    return f"release of {', '.join(overdue)}" if overdue else ""


def left_as_it_was(status: dict) -> list[str]:
    """Return what the start did not apply, why, and what to do; the class continues as it was before."""
    command = "python -m hub_config run -- tito semester apply"
    if frozen := status.get("frozen"):
        said = f"{frozen['by']} froze the course at {frozen['since'][:16]}: it can be read, but not changed."
        return [f"{said}\n    To unfreeze it: python -m hub_config run -- tito semester unfreeze"]
    if status["file"] and (problems := status["file"]["problems"]):
        found = "".join(f"\n    {_in_words(problem)}" for problem in problems[:MOST_MISTAKES])
        return [f"The semester file was not applied, and the class stays unchanged:{found}\n    Then: {command}"]
    asked = status["run"]["confirmations"] if status["run"] else []
    return [
        f"Not changed, because nobody has confirmed it: {each['sentence']}\n    If meant: {command} --yes {each['key']}"
        for each in asked
    ]


def _in_words(problem: dict) -> str:
    what = " ".join(part for part in (problem["value"], problem["rule"]) if part)
    return f"{problem['file']}:{problem['line']}: {problem['key']}: {what}; {problem['remedy']}"


def _is_overdue_release(row: dict, now: str) -> bool:
    due = datetime.fromisoformat(row["at"]) <= datetime.fromisoformat(now)
    return row["kind"] == "release" and row["state"] in ("pending", "running") and due


def wait(supervisor: Supervisor, name: str, url: str, seconds: float = START_SECONDS, host: str = "") -> None:
    """Wait for a program's first answer while watching the others; Ctrl-C ends the wait, three deaths make it fail."""
    program = supervisor.programs.get(name)  # None for what another machine runs

    def ready() -> bool:
        supervisor.tend()
        if program and program.deaths >= 3:
            raise NotReady(
                f"{name} ends as soon as it starts. Last log lines, in {program.log}:\n{programs.tail(program.log)}"
            )
        return supervisor.stopping.is_set() or programs.answers(url, host)

    programs.wait_for(name, ready, seconds, program.log if program else None)


def restore_routes(settings: Settings) -> None:
    """Let the Hub set the routes of a new proxy."""
    try:
        programs.wait_for("the proxy", lambda: _routes_sent(settings), 20, settings.var / "log" / "proxy.log")
    except TimeoutError as error:
        say(str(error))


def _routes_sent(settings: Settings) -> bool:
    try:
        programs.hub_api(settings, "POST", "proxy", {})
    except OSError:
        return False
    return True


def stop_servers(settings: Settings) -> None:
    """Ask the Hub to end single-user servers and itself; what does not obey is killed afterwards."""
    try:
        programs.hub_api(settings, "POST", "shutdown", {"servers": True, "proxy": False}, timeout=5)
    except OSError:
        return
    deadline = time.monotonic() + 15
    while programs.answers(f"{settings.hub_api_url}/../health") and time.monotonic() < deadline:
        time.sleep(0.1)


def welcome(settings: Settings) -> str:
    """Return the address, how to log in and what to try first."""
    return "\n".join(
        [
            "",
            f"    {settings.public_url}",
            "",
            *how_to_log_in(settings),
            "",
            "Try first: log in as a student, open the next module, run its cells, then hand it in:",
            "`tito submit NAME` in a terminal, or JupyterLab's menu Nbgrader, Assignment List.",
        ]
    )


@contextmanager
def only_one(settings: Settings) -> Iterator[IO[str]]:
    """Hold the lock of this var folder; raise NotReady if another `serve` holds it."""
    file = settings.var / "hub" / "serve.json"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            running = json.loads(file.read_text("utf-8") or "{}")
            raise NotReady(
                f"The Hub is already running at {running.get('url')} (pid {running.get('pid')}). Stop it: make stop"
            ) from error
        lock.truncate(0)
        held = {"pid": os.getpid(), "url": settings.public_url, "settings": settings_environment(settings)}
        json.dump(held, lock)
        lock.flush()
        yield lock


def running(settings: Settings) -> dict:
    """Return pid, url and settings of the `serve` that holds the lock, {} if none does."""
    file = settings.var / "hub" / "serve.json"
    if not file.exists():
        return {}
    with file.open(encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return json.load(lock)
    return {}


def is_ready(settings: Settings) -> bool:
    """Tell whether everything has started, and the login page answers now."""
    return (settings.var / READY).exists() and programs.answers(f"{settings.entrance}hub/health")


def program_pids(settings: Settings) -> dict[str, int]:
    """Return name -> pid of what `serve` started; raise NotReady if it is not running."""
    if not running(settings):
        raise NotReady("The Hub is not running. Start it first: make serve")
    return json.loads((settings.var / RECORD).read_text("utf-8"))


def operator_environment(settings: Settings) -> dict[str, str]:
    """Return the environment for commands that act as the operator on this machine, while the Hub runs."""
    held = running(settings)
    if not held:
        raise NotReady("The Hub is not running. Start it first: make serve")
    own = load_settings(held["settings"] | {"HUB_PORTS": json.dumps(kept_ports(settings))})
    return dict(os.environ) | service_environment(TERMINAL, own)
