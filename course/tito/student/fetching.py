"""Fetch a module's release; what the student has is never overwritten."""

from exchange.client import ExchangeClient, fetch_folder
from exchange.client.fetching import Fetched, is_fetched
from exchange.protocol.models import Assignment
from tito.student.exchange_door import exchange, folder_of
from tito.workspace import Workspace


def fetch_one(client: ExchangeClient, workspace: Workspace, assignment: Assignment) -> Fetched | None:
    """Fetch a release and files that are missing; None if all of it is here."""
    folder, releases = folder_of(workspace, assignment.id), workspace.release(assignment.id).parent.parent
    if is_fetched(assignment, folder, releases) and all((folder / f.path).exists() for f in assignment.files):
        return None
    return fetch_folder(client, assignment.course, assignment.id, folder, releases, add_missing=True)


def fetch_newest(workspace: Workspace, slug: str) -> None:
    """Fetch a module's newest release, if the course has released it, and files that are missing."""
    with exchange() as (client, course):
        for assignment in client.assignments(course):
            if assignment.id == slug and assignment.files and assignment.state != "announced":
                fetch_one(client, workspace, assignment)
