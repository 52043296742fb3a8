"""Take fingerprints of students' code, in a sandbox with a time limit: a text is data there, and is never run."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tito.checks.link import Budget, Link, WorkerFault, WorkerNotStarted
from tito.checks.run import JudgingFailed, NotJudgedNow
from tito.checks.times import MachineBusy

from . import fingerprints
from .sandbox.content import Predecessors
from .sandbox.limits import Sandbox

# A text takes milliseconds; a class of two hundred with ten exercises each takes about ten seconds.
BUDGET = Budget(request_seconds=5.0, check_seconds=600.0, total_seconds=600.0, wall_seconds=1800.0, restarts=8)
ROOM = "tinytorch.core.fingerprints"  # where the sandbox finds the file that it is given

Key = tuple[str, ...]
Prints = list[list[int]]


def take_fingerprints(texts: Mapping[Key, str], sandbox: Sandbox) -> tuple[dict[Key, Prints], dict[Key, str]]:
    """Return the fingerprints of each text, and why some have none: they took too long, or broke their reader."""
    given = Predecessors((("fingerprints.py", Path(fingerprints.__file__).read_text(encoding="utf-8")),), trusted=True)
    link = Link(functools.partial(sandbox.start, given), lambda link: None, BUDGET)
    found: dict[Key, Prints] = {}
    failed: dict[Key, str] = {}
    try:
        with link:
            link.begin_check()
            for key, text in texts.items():
                _take(link, key, text, found, failed)
    except MachineBusy as error:
        raise NotJudgedNow(f"{error}; nothing was compared") from error
    except WorkerNotStarted as error:
        raise JudgingFailed(f"submissions could not be compared: {error}") from error
    return found, failed


def _take(link: Link, key: Key, text: str, found: dict[Key, Prints], failed: dict[Key, str]) -> None:
    if len(text) > fingerprints.MOST_CHARACTERS:
        failed[key] = f"is longer than {fingerprints.MOST_CHARACTERS} characters"
        return
    try:
        room = link.request("import", ROOM)
        sent = text.encode("utf-8", "replace").decode()  # half a character, which JSON can encode, is not text
        found[key] = _plain(link.ask(list, "method", room, "fingerprints", [sent], {}))
    except (WorkerFault, ValueError, TypeError, RuntimeError, MemoryError) as fault:
        failed[key] = str(fault)[:200]


def _plain(said: list[Any]) -> Prints:
    """Keep only whole numbers in the expected form."""
    head, *rows = said
    return [[int(head[0])], *([int(one), int(first), int(last)] for one, first, last in rows)]
