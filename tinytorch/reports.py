"""Note what a test cell or a prediction gave, for the course to learn where people get stuck.

Promises: names, counts and kinds of fault, never code or values; one line in a file of one's own home, no request, no
wait and no error. Nobody reads the file but the server that sends it; docs/student.md tells students.
"""

import json
import os
from pathlib import Path

MOST_BYTES = 64_000  # a day without the course; what comes later is not noted


def note(**facts: str | int | bool) -> None:
    """Add a line, where a course listens (`EXCHANGE_URL`) and the home is a student's (`TINYTORCH_HOME`)."""
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
