"""Run a student's exported code in a fresh process, with a time limit, and report where in the notebook it failed.

The code is imported as `tinytorch.core.NAME` from a staged copy of the student's package, so their own is not touched.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tito.atomic import write_atomically
from tito.source.export import Exported, Origin
from tito.workspace import Workspace

# The child answers through its own file: everything that student code prints is discarded.
CHILD = """
import faulthandler, importlib, json, sys, traceback
names, limit, answer = sys.argv[1].split(), float(sys.argv[2]), open(sys.argv[3], "w")
faulthandler.dump_traceback_later(limit, file=answer, exit=True)
try:
    for name in names:
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
        message, places = _run_staged(workspace, Path(folder), {slug: exported.text}, limit_seconds)
    staged = str(Path(folder) / "core" / exported.file_name)
    return Trouble(message.replace(staged, exported.file_name), _origin(places, exported, staged)) if message else None


def import_together(workspace: Workspace, texts: Mapping[str, str], limit_seconds: float) -> str:
    """Import modules, given by slug, with the student's other ones; return what went wrong and where, or ''."""
    with tempfile.TemporaryDirectory(prefix="tito-fresh-") as folder:
        message, places = _run_staged(workspace, Path(folder), texts, limit_seconds)
    inside = [f"{Path(file).name}, line {line}: " for file, line in places if file.startswith(folder)]
    return f"{''.join(inside[:1])}{message.replace(f'{folder}/', '')}"


def _run_staged(
    workspace: Workspace, home: Path, texts: Mapping[str, str], limit_seconds: float
) -> tuple[str, list[tuple[str, int]]]:
    """Copy the student's package into `home`, put these modules in, import them; return what `_understand` does."""
    if workspace.core.is_dir():
        shutil.copytree(workspace.core, home / "core", ignore=shutil.ignore_patterns("__pycache__"))
    for slug, text in texts.items():
        write_atomically(home / "core" / f"{slug}.py", text)
    answer = home / "answer"
    code = _run(home, answer, " ".join(f"tinytorch.core.{slug}" for slug in texts), limit_seconds)
    text = answer.read_text(encoding="utf-8", errors="replace") if answer.is_file() else ""
    return _understand(text, code, limit_seconds)


def _run(home: Path, answer: Path, names: str, limit_seconds: float) -> int | None:
    command = [sys.executable, "-P", "-B", "-c", CHILD, names, str(limit_seconds), str(answer)]
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


def _understand(text: str, code: int | None, limit_seconds: float) -> tuple[str, list[tuple[str, int]]]:
    """Return what went wrong, '' if nothing did, and where: (file, line), innermost first."""
    try:
        said = json.loads(text)
    except ValueError:
        # Not JSON: the watchdog wrote where the code was when time was up, innermost frame first.
        places = [(match["file"], int(match["line"])) for match in _FRAME.finditer(text)]
        if places or code is None:
            return f"did not finish within {limit_seconds:g} seconds: is there an endless loop?", places
        return f"ended the Python process (exit code {code}) without an error: is there an exit()?", []
    if said["ok"]:
        return "", []
    return f"{said['kind']}: {said['message']}", [(file, line) for file, line in reversed(said["frames"])]


def _origin(places: list[tuple[str, int]], exported: Exported, staged: str) -> Origin | None:
    """Find the innermost place that is in the student's code."""
    for file, line in places:
        if file == staged:
            return exported.origin(line)
    return None
