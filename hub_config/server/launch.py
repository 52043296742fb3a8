"""Start a single-user server: fetch what is released while the server's code loads, then become the server.

Promises: it answers nobody until the released notebooks are in the home, or a note there says why they are not;
fetching takes at most FETCH_SECONDS; neither a failed fetch nor a full home keeps a server from starting.
"""

import gc
import importlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from room import has_room, keep_aside  # beside this file
from tito.late_imports import left_out, load_on_use, postpone

FETCH_SECONDS = 20.0
NOTE = Path.home() / "NOTEBOOKS-NOT-FETCHED.md"
# What both the fetch and the server need: loaded once, before the fork.
ALSO_FETCHED_WITH = ("dataclasses", "hashlib", "http.client", "json", "shutil", "tempfile", "typing")
LONGEST_PROBLEM = 2000  # characters; an answer that is not from an exchange may be a whole page
# What other packages import at start but a server rarely or never needs: a module and the names imported from it.
POSTPONED = (
    ("rfc3987_syntax", "is_valid_syntax"),  # builds a parser of all IRIs, half of the time of a start
    # For versions of extensions that JupyterLab would build; compiling its patterns takes longest.
    ("jupyter_builder.jupyterlab_semver", "Range", "gt", "gte", "lt", "lte", "make_semver"),
    ("jupyterlab.extensions.pypi", "PyPIExtensionManager"),  # the extension manager is switched off
)
# Modules that others import as a whole for one rare use. With what each brings along, 6 MB of an idle server.
ON_USE = (
    "aiohttp",  # how the Hub waits for servers; a server uses hub_requests
    "arrow",  # schemas whose strings are durations
    "requests",  # lists of allowed labextensions, on other servers
    "unittest.mock",  # a setting, for the moment in which the Hub is asked who somebody is
)
# The Hub's own half of JupyterHub, which its single-user half imports for a class to compare with or for functions that
# only the Hub calls: its pages, its tables and what they are kept with. A fifth of a start, 30 MB of an idle server.
# Each with the classes that are taken from it.
HUB_ONLY = {
    "alembic": (),
    "alembic.command": (),
    "alembic.config": (),
    "alembic.script": ("ScriptDirectory",),
    "jupyterhub.handlers": (),
    "jupyterhub.handlers.pages": ("HealthCheckHandler",),
    "jupyterhub.orm": (),
    "sqlalchemy": ("func",),
    "sqlalchemy.exc": ("SQLAlchemyError",),
}


def main() -> None:
    """Prepare the home while importing, then serve."""
    os.environ.setdefault("JUPYTER_RUNTIME_DIR", "/tmp/jupyter")
    if not has_room(Path.home()):
        print("the home is full: it opens read-only, and Jupyter's own files go to /tmp", file=sys.stderr)
        keep_aside(Path.home(), os.environ)
    fetch = Fetch() if os.environ.get("SERVER_KIND") == "student" else None
    serve = load_server()
    if fetch is not None:
        report(fetch.problem())
    serve()


class Fetch:
    """Fetches releases in a separate process, which can be ended and leaves no memory in use.

    The process is a fork of this one and fetches them itself (`fetch_released`). If that fails in any way, it becomes
    the command `tito fetch --released`, which retries and explains, but takes four times as long to load.
    """

    def __init__(self) -> None:
        self.until = time.monotonic() + FETCH_SECONDS
        self.refused = ""
        try:
            Path(os.environ["TINYTORCH_HOME"]).mkdir(exist_ok=True)
        except OSError as error:
            self.refused = f"tito could not be started: {error}"
            return
        for module in ALSO_FETCHED_WITH:
            importlib.import_module(module)
        self.says, heard = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            _become_fetch(heard)
        os.close(heard)
        self.ends = os.pidfd_open(self.process)

    def problem(self) -> str:
        """Wait for it to end; return what went wrong, or "" if nothing did."""
        if self.refused:
            return self.refused
        said = self._hear()
        is_late = said is None or not self._in_time(self.ends)
        if is_late:
            self._kill()
        code = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        os.close(self.says)
        os.close(self.ends)
        if said is None or is_late:
            return f"The exchange did not answer within {FETCH_SECONDS:g} seconds."
        text = said.decode(errors="replace").strip()
        return "" if code == 0 else text[:LONGEST_PROBLEM] or f"tito fetch failed with exit status {code}."

    def _kill(self) -> None:
        os.kill(self.process, signal.SIGKILL)  # it may not have its own process group yet
        with suppress(ProcessLookupError):
            os.killpg(self.process, signal.SIGKILL)

    def _hear(self) -> bytes | None:
        said = b""
        while self._in_time(self.says):
            if not (more := os.read(self.says, 2**16)):
                return said
            said += more
        return None

    def _in_time(self, descriptor: int) -> bool:
        return bool(select.select([descriptor], [], [], max(0.0, self.until - time.monotonic()))[0])


def _become_fetch(output: int) -> NoReturn:
    """In the fork: fetch, or become the command that does. This never returns into the server's code."""
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        with suppress(Exception):
            importlib.import_module("tito.student.fetching").fetch_released()
            os._exit(0)
        tito = str(Path(sys.executable).parent / "tito")
        os.execv(tito, [tito, "fetch", "--released", "--quiet"])
    except OSError as error:
        os.write(output, f"tito could not be started: {error}".encode())
    finally:
        os._exit(127)


def load_server() -> Callable[[], None]:
    """Import JupyterHub's single-user server; return what runs it."""
    gc.disable()  # objects made now are kept; searching them for garbage takes a tenth of the start
    for module, *names in POSTPONED:
        postpone(module, *names)
    for module in ON_USE:
        load_on_use(module)
    with left_out(HUB_ONLY):
        sys.modules["jupyterhub.httpclient"] = importlib.import_module("hub_requests")  # beside this file
        from jupyterhub.singleuser import main as serve
    gc.freeze()
    gc.enable()
    sys.argv[0] = "jupyterhub-singleuser"
    return serve


def report(problem: str) -> None:
    """Write or remove the note; the same text goes to the server's log."""
    try:
        if not problem:
            NOTE.unlink(missing_ok=True)
            return
        print(f"released notebooks were not fetched: {problem}", file=sys.stderr)
        NOTE.write_text(note_of(problem), encoding="utf-8")
    except OSError as error:
        print(f"{NOTE} could not be updated: {error}", file=sys.stderr)


def note_of(problem: str) -> str:
    """Return the note's text; text from elsewhere is quoted line by line, so that it stays a quotation."""
    quoted = "\n".join(f"    {line}" for line in problem.splitlines())
    return (
        "# Some notebooks may be missing\n\nReleased modules could not be fetched when this server started:\n\n"
        f"{quoted}\n\n"
        "Your own files are untouched. Open a terminal (File, New, Terminal) and run `tito fetch --released`;\n"
        "if that fails too, tell the course staff. This note disappears at the next successful start.\n"
    )


if __name__ == "__main__":
    main()
