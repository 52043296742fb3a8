"""Run a student's exported code in a fresh process, with a time limit, and say where in the notebook it went wrong.

The code is imported as `tinytorch.core.NAME` from a staged copy of her package, so nothing of hers is touched.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tito.atomic import write_atomically
from tito.source.export import Exported, Origin
from tito.workspace import Workspace

# The child answers through its own file: what student code prints, however much, goes nowhere.
CHILD = """
import faulthandler, importlib, json, sys, traceback
name, limit, answer = sys.argv[1], float(sys.argv[2]), open(sys.argv[3], "w")
faulthandler.dump_traceback_later(limit, file=answer, exit=True)
try:
    importlib.import_module(name)
    said = {"ok": True}
except BaseException as error:
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        frames.append((error.filename, error.lineno))
    said = {"ok": False, "kind": type(error).__name__, "message": str(error)[:2000], "frames": frames}
faulthandler.cancel_dump_traceback_later()
answer.write(json.dumps(said))
answer.close()
"""
_FRAME = re.compile(r'File "(?P<file>.+)", line (?P<line>\d+)')
GRACE_SECONDS = 10.0  # for starting Python and importing numpy on a busy machine


@dataclass(frozen=True)
class Trouble:
    """What went wrong, and where in the notebook if it was there."""

    message: str
    origin: Origin | None


def import_fresh(workspace: Workspace, slug: str, exported: Exported, limit_seconds: float) -> Trouble | None:
    """Import the exported text with the student's other modules; return what went wrong, or None."""
    workspace.memory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tito-fresh-") as folder:
        home = Path(folder)
        if workspace.core.is_dir():
            shutil.copytree(workspace.core, home / "core", ignore=shutil.ignore_patterns("__pycache__"))
        staged = home / "core" / exported.file_name
        write_atomically(staged, exported.text)
        answer = home / "answer"
        code = _run(home, answer, slug, limit_seconds)
        text = answer.read_text(encoding="utf-8", errors="replace") if answer.is_file() else ""
    return _understand(text, code, exported, str(staged), limit_seconds)


def _run(home: Path, answer: Path, slug: str, limit_seconds: float) -> int | None:
    command = [sys.executable, "-P", "-B", "-c", CHILD, f"tinytorch.core.{slug}", str(limit_seconds), str(answer)]
    environment = os.environ | {"TINYTORCH_HOME": str(home)}
    try:
        # Away from the working directory, where a file of the student's might shadow numpy.
        return subprocess.run(
            command,
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=limit_seconds + GRACE_SECONDS,
        ).returncode
    except subprocess.TimeoutExpired:
        return None


def _understand(text: str, code: int | None, exported: Exported, staged: str, limit_seconds: float) -> Trouble | None:
    try:
        said = json.loads(text)
    except ValueError:
        # Not JSON: the watchdog wrote where the code was when time was up, innermost frame first.
        places = [(match["file"], int(match["line"])) for match in _FRAME.finditer(text)]
        origin = _origin(places, exported, staged)
        if places or code is None:
            return Trouble(f"did not end within {limit_seconds:g} seconds: is there an endless loop?", origin)
        return Trouble(f"ended Python itself (exit code {code}), without an error: is there an exit()?", None)
    if said["ok"]:
        return None
    places = [(file, line) for file, line in reversed(said["frames"])]
    message = f"{said['kind']}: {said['message']}".replace(f"{staged}", exported.file_name)
    return Trouble(message, _origin(places, exported, staged))


def _origin(places: list[tuple[str, int]], exported: Exported, staged: str) -> Origin | None:
    """Find the innermost place that lies in the student's code."""
    for file, line in places:
        if file == staged:
            return exported.origin(line)
    return None
