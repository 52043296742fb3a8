"""Start a single-user server: fetch what is released, then become JupyterLab.

Fetching may fail or take too long; the server starts all the same, and a note in the home says what happened.
"""

import os
import subprocess
import sys
from pathlib import Path

FETCH_SECONDS = 20
NOTE = Path.home() / "NOTEBOOKS-NOT-FETCHED.md"


def main() -> None:
    """Prepare the home and replace this process by the server."""
    os.environ.setdefault("JUPYTER_RUNTIME_DIR", "/tmp/jupyter")
    if os.environ.get("SERVER_KIND") == "student":
        Path(os.environ["TINYTORCH_HOME"]).mkdir(exist_ok=True)
        report(fetch_released())
    server = str(Path(sys.executable).parent / "jupyterhub-singleuser")
    os.execv(sys.executable, [sys.executable, server, *sys.argv[1:]])


def fetch_released() -> str:
    """Fetch released modules; return what went wrong, nothing if all is well."""
    tito = str(Path(sys.executable).parent / "tito")
    try:
        done = subprocess.run(
            [tito, "fetch", "--released", "--quiet"], capture_output=True, text=True, timeout=FETCH_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"The exchange did not answer within {FETCH_SECONDS} seconds."
    except OSError as error:
        return f"tito could not be started: {error}"
    return (
        ""
        if done.returncode == 0
        else (done.stderr or done.stdout).strip() or f"tito fetch ended with {done.returncode}."
    )


def report(problem: str) -> None:
    """Write or remove the note; the same words go to the server's log."""
    if not problem:
        NOTE.unlink(missing_ok=True)
        return
    print(f"released notebooks were not fetched: {problem}", file=sys.stderr)
    NOTE.write_text(
        "# Some notebooks may be missing\n\nReleased modules could not be fetched when this server started:\n\n"
        f"    {problem.replace(chr(10), chr(10) + '    ')}\n\n"
        "Your own files are untouched. Open a terminal (File, New, Terminal) and run `tito fetch --released`;\n"
        "if that fails too, tell the course staff. This note goes away at the next good start.\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
