"""Note for the course which hints were opened, in the file where test cells note their results (`tinytorch.reports`).

`tito.student.reports` sends both. The framework is not imported: numpy would come with it into every server.
"""

import json
import os

from tito.workspace import Workspace

MOST_BYTES = 64_000  # as for the notes of test cells


def note(workspace: Workspace, slug: str, **facts: str | int) -> None:
    """Add a line, if there is a course; if the home is full, the note is lost, never the hint."""
    if not os.environ.get("EXCHANGE_URL"):
        return
    try:
        workspace.memory.mkdir(parents=True, exist_ok=True)
        with (workspace.memory / "reports.jsonl").open("a", encoding="utf-8") as file:
            if file.tell() < MOST_BYTES:
                file.write(json.dumps(facts | {"folder": slug}) + "\n")
    except OSError:
        pass
