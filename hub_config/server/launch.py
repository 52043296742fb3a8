"""Start a single-user server: fetch what is released while the server's code loads, then become the server.

Promises: it answers nobody until the released notebooks are in the home, or a note there says why they are not;
fetching takes at most FETCH_SECONDS; neither a failed fetch nor a full home keeps a server from starting.
"""

import gc
import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from room import has_room, keep_aside  # beside this file
from tito.late_imports import left_out, load_on_use, postpone

FETCH_SECONDS = 20.0
NOTE = Path.home() / "NOTEBOOKS-NOT-FETCHED.md"
LONGEST_PROBLEM = 2000  # characters; an answer that is not from an exchange may be a whole page
# What other packages import at start but a server rarely or never needs: module, and the one name that they import.
POSTPONED = (
    ("rfc3987_syntax", "is_valid_syntax"),  # builds a parser of all IRIs, half of the time of a start
    ("jupyterlab.extensions.pypi", "PyPIExtensionManager"),  # the extension manager is switched off
    ("rfc3986_validator", "validate_rfc3986"),  # one long regular expression, for URIs in schemas
)
# Modules that others import as a whole for one rare use. With what each brings along, 6 MB of an idle server.
ON_USE = (
    "aiohttp",  # the Hub's waiting for servers; a server asks by hub_requests
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
    """`tito fetch --released` as a separate process, which can be ended and leaves no memory in use."""

    def __init__(self) -> None:
        self.until = time.monotonic() + FETCH_SECONDS
        self.process: subprocess.Popen | None = None
        self.refused = ""
        try:
            Path(os.environ["TINYTORCH_HOME"]).mkdir(exist_ok=True)
            self.process = subprocess.Popen(
                [str(Path(sys.executable).parent / "tito"), "fetch", "--released", "--quiet"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            self.refused = f"tito could not be started: {error}"

    def problem(self) -> str:
        """Wait for its end; return what went wrong, "" if nothing did."""
        if self.process is None:
            return self.refused
        try:
            said, _ = self.process.communicate(timeout=max(0.0, self.until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._end()
            return f"The exchange did not answer within {FETCH_SECONDS:g} seconds."
        code, text = self.process.returncode, said.decode(errors="replace").strip()
        return "" if code == 0 else text[:LONGEST_PROBLEM] or f"tito fetch failed with exit status {code}."

    def _end(self) -> None:
        assert self.process is not None and self.process.stdout is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()


def load_server() -> Callable[[], None]:
    """Import JupyterHub's single-user server; return what runs it."""
    gc.disable()  # what is made now stays: looking for garbage in it takes a tenth of the start
    for module, name in POSTPONED:
        postpone(module, name)
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
