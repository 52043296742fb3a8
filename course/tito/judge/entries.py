"""Measure an Olympics entry in a sandbox: in a worker without a network, with the reference framework.

Only the worker reads the file's content. Raises SandboxUnavailable without a sandbox, JudgingFailed if the machine or
the course is at fault; then there are no numbers, and nobody is refused.
"""

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tito.checks.link import Budget, Link, WorkerFault, WorkerNotStarted
from tito.checks.run import JudgingFailed, NotJudgedNow
from tito.checks.times import MachineBusy
from tito.curriculum import Curriculum
from tito.curriculum.olympics import MODULE

from .predecessors import reference_with
from .sandbox.limits import Sandbox

FILE = "entry.npz"  # next to the notebook
# The costliest entry that the rules allow takes a minute for a thousand images; one that takes longer got around them.
BUDGET = Budget(request_seconds=120.0, check_seconds=240.0, total_seconds=240.0, wall_seconds=1200.0, restarts=0)

MOST_BYTES = 2**20  # that are read at most; the rules allow less, and refuse more with a reason

Images = tuple[np.ndarray, np.ndarray]  # (n, 8, 8) and their labels


def is_there(slug: str, folder: Path) -> bool:
    """Return whether a submission for the Olympics has an entry next to its notebook."""
    return slug == MODULE and (folder / FILE).is_file()


def read(folder: Path) -> bytes:
    """Return an entry's bytes, or enough of them to see that they are too many."""
    with (folder / FILE).open("rb") as file:
        return file.read(MOST_BYTES)


def measure(content: bytes, halves: Iterable[Images], curriculum: Curriculum, sandbox: Sandbox) -> list[dict[str, Any]]:
    """Measure an entry's bytes on each set of images; return what tinytorch.olympics.measure_entry gives, in order."""
    framework = reference_with(curriculum.find_written(MODULE), curriculum)
    link = Link(functools.partial(sandbox.start, framework), lambda link: None, BUDGET)
    try:
        with link:
            link.begin_check()
            room = link.request("import", "tinytorch.olympics")
            return [_found(link.ask(dict, "method", room, "measure_entry", [content, *half], {})) for half in halves]
    except WorkerFault as fault:
        return [{"accepted": False, "why": f"measuring it failed ({fault.why}): hand in a smaller net"}]
    except MachineBusy as error:
        raise NotJudgedNow(f"{error}; nothing was measured, and nobody was refused") from error
    except (WorkerNotStarted, Exception) as error:
        raise JudgingFailed(f"an entry could not be measured: {error}") from error


def _found(said: dict[str, Any]) -> dict[str, Any]:
    """Keep only plain words and numbers of the worker's answer."""
    if said.get("accepted") is not True:
        return {"accepted": False, "why": str(said.get("why", ""))[:1000]}
    measures = {str(name): float(value) for name, value in said["measures"].items()}
    return {"accepted": True, "measures": measures, "digest": str(said["digest"])[:64]}
