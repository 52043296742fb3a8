"""The student's access to the exchange, and its answers put into words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exchange.client import ExchangeClient
from exchange.protocol.models import Refused, Submission
from tito.curriculum import load_curriculum
from tito.errors import TitoError
from tito.workspace import Workspace


@contextmanager
def exchange(patience_seconds: float = 20.0) -> Iterator[tuple[ExchangeClient, str]]:
    """Provide a client of the exchange and the course id; turn the exchange's refusals into errors of tito."""
    course = os.environ.get("EXCHANGE_COURSE", "")
    try:
        if not course:
            raise Refused("tito does not know your course", "no EXCHANGE_COURSE", "start tito from your Hub server")
        with ExchangeClient.from_environment(patience_seconds=patience_seconds) as client:
            yield client, course
    except Refused as error:
        raise TitoError(str(error)) from error


def slug_of(name: str) -> str:
    """Find a module's slug by slug, folder name or number."""
    return load_curriculum().find(name).slug


def folder_of(workspace: Workspace, slug: str) -> Path:
    """Return the folder where a student works on a module."""
    return workspace.notebook(slug).parent


def all_mine(client: ExchangeClient, course: str) -> list[Submission]:
    """List all of the student's submissions."""
    return client.all_submissions(course, mine=True)


def lateness(late: bool, seconds: int) -> str:
    """Say how late a submission is."""
    if not late:
        return "on time"
    days, rest = divmod(seconds, 86400)
    hours, minutes = divmod(rest // 60, 60)
    return f"late by {days} d {hours} h {minutes} min"


def describe_result(submission: Submission) -> str | None:
    """Say what a grader found; None if nothing yet."""
    result = submission.result
    if result is None:
        return None
    if result.status == "error":
        return f"could not be judged, so an attempt that was judged counts instead: {result.summary}"
    if result.detail.get("unread_answers"):  # no total: some of the points are not given yet
        return f"graded in part: {result.summary}"
    points = "" if result.score is None else f", {result.score:g} of {result.max_score or 0:g} points"
    return f"{result.kind} check {result.status}{points}" + (f": {result.summary}" if result.summary else "")
