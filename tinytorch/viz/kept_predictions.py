"""What somebody predicted, kept in `predictions.json` in their own home (`TINYTORCH_HOME`), else as long as the kernel.

Nobody else reads it. If a home is full or read-only, or the file is damaged, no cell fails: what is said then
is kept only in memory.
"""

import contextlib
import json
import os
import tempfile
from pathlib import Path

MOST_KEPT = 500  # of all modules; the oldest go first
_memory: dict[str, str] = {}


def recall(name: str) -> str | None:
    """Return what was said to the prediction of this name in this folder, "" if it was skipped, None if nothing yet."""
    return {**_read(), **_memory}.get(_key(name))


def keep(name: str, said: str) -> None:
    """Keep what was said, "" for a skip."""
    _memory[_key(name)] = said
    file = _file()
    if file is None:
        return
    everything = {**_read(), **_memory}
    newest = dict(list(everything.items())[-MOST_KEPT:])
    with contextlib.suppress(OSError):  # it stays in memory
        _replace(file, json.dumps(newest, ensure_ascii=False, indent=1))


def _key(name: str) -> str:
    """A notebook runs in its module's folder, so that two modules may use one name."""
    return f"{Path.cwd().name}/{name}"


def _file() -> Path | None:
    home = os.environ.get("TINYTORCH_HOME")
    return Path(home) / "predictions.json" if home else None


def _read() -> dict[str, str]:
    file = _file()
    try:
        found = json.loads(file.read_text(encoding="utf-8")) if file else {}
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: said for key, said in found.items() if isinstance(said, str)}


def _replace(file: Path, text: str) -> None:
    """Write the file whole: a kernel that dies meanwhile leaves the old one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, made = tempfile.mkstemp(dir=file.parent, prefix=".predictions-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as new:
            new.write(text)
        Path(made).replace(file)
    except OSError:
        Path(made).unlink(missing_ok=True)
        raise
