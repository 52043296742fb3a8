"""Fetch a module's release; what the student has is never overwritten."""

import os
from typing import Protocol

from exchange.client.fetching import Fetched, Source, fetch_folder, is_fetched
from exchange.client.reading import Reader
from exchange.protocol.models import Assignment
from tito.workspace import Workspace


class Offer(Source, Protocol):
    """Where releases come from, with a list of them."""

    def assignments(self, course: str) -> list[Assignment]: ...


def offered(client: Offer, course: str) -> list[Assignment]:
    """List what the course has released."""
    return [a for a in client.assignments(course) if a.files and a.state != "announced"]


def fetch_released() -> None:
    """Fetch all releases and missing files, in one attempt and without messages; this loads quickly."""
    workspace = Workspace.here()
    with Reader(os.environ) as reader:
        for assignment in offered(reader, os.environ["EXCHANGE_COURSE"]):
            fetch_one(reader, workspace, assignment)


def fetch_one(client: Source, workspace: Workspace, assignment: Assignment) -> Fetched | None:
    """Fetch a release and files that are missing; None if all of it is here."""
    folder, releases = workspace.notebook(assignment.id).parent, workspace.release(assignment.id).parent.parent
    if is_fetched(assignment, folder, releases) and all((folder / f.path).exists() for f in assignment.files):
        return None
    return fetch_folder(client, assignment.course, assignment.id, folder, releases, add_missing=True)


def fetch_newest(workspace: Workspace, slug: str) -> None:
    """Fetch a module's newest release, if the course has released it, and files that are missing."""
    from tito.student.exchange_door import exchange  # loads httpx, which a server's start does not need

    with exchange() as (client, course):
        for assignment in offered(client, course):
            if assignment.id == slug:
                fetch_one(client, workspace, assignment)
