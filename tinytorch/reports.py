"""Note the result of a test cell or a prediction, so that the course learns where people get stuck.

Promises: names, counts, kinds of fault and marks of checks, never code, values or titles; one line in a file in the
student's own home, no request, no wait and no error. Only the server that sends the file reads it; docs/student.md
tells students.
"""

import hashlib
import json
import os
from pathlib import Path

MOST_BYTES = 64_000  # enough for a day without the course; later results are not noted
MARK_CHARACTERS = 6  # of a digest: enough to tell the checks of one exercise apart


def mark(title: str) -> str:
    """Name a check by a digest of its title: the course knows its own checks by it, and learns no other titles."""
    return hashlib.sha256(title.encode("utf-8", "replace")).hexdigest()[:MARK_CHARACTERS]


def note(**facts: str | int | bool) -> None:
    """Add a line, if there is a course (`EXCHANGE_URL`) and the home is a student's (`TINYTORCH_HOME`)."""
    home = os.environ.get("TINYTORCH_HOME")
    if not home or not os.environ.get("EXCHANGE_URL"):
        return
    try:
        folder = Path(home) / ".tito"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "reports.jsonl").open("a", encoding="utf-8") as file:
            if file.tell() < MOST_BYTES:
                file.write(json.dumps(facts | {"folder": Path.cwd().name}) + "\n")
    except OSError:
        pass  # a full or read-only home must not cost anybody a cell
