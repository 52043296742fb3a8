"""The grading service's door to the exchange: new submissions, files, results, feedback.

It uses `exchange.client` with the service's own token, which carries the rights. The exchange says what is late:
collecting is done by its nbgrader plugin, which nbgrader's own factory loads by name.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from exchange.client import ExchangeClient
from exchange.client.connection import Unreachable
from exchange.client.receipts import load
from exchange.protocol.models import Question, Refused, Result, Submission, parse_utc
from tito.errors import TitoError
from tito.running_nbgrader import Said

from .settings import GradingSettings

PLUGIN = "exchange.nbgrader_plugin.collect.ExchangeCollect"
RECEIPT = "receipt.json"


class ExchangeError(TitoError):
    """The exchange refused; the message is its own."""


class ExchangeSilent(ExchangeError):
    """The exchange did not answer; trying again later may help."""


@contextlib.contextmanager
def asking(settings: GradingSettings) -> Iterator[ExchangeClient]:
    """Give a client for the block; what the exchange refuses becomes an ExchangeError."""
    if not settings.exchange_url or not settings.course_id:
        raise ExchangeError("no exchange is set: set EXCHANGE_URL and EXCHANGE_COURSE, or start with `make serve`")
    try:
        with ExchangeClient(settings.exchange_url, settings.token) as client:
            yield client
    except Unreachable as error:
        raise ExchangeSilent(f"the exchange: {error}") from error
    except Refused as error:
        raise ExchangeError(f"the exchange: {error}") from error


def new_submissions(settings: GradingSettings, after: int, wait_seconds: int) -> list[Submission]:
    """Return submissions that arrived after number `after`, waiting for one if there is none."""
    with asking(settings) as client:
        return client.submissions(settings.course_id, after=after, wait_seconds=wait_seconds)


@contextlib.contextmanager
def downloaded(settings: GradingSettings, submission: str) -> Iterator[Path]:
    """Give a folder with a submission's files for the block."""
    with _scratch() as folder:
        with asking(settings) as client:
            client.fetch_files(settings.course_id, submission, folder)
        yield folder


def question(settings: GradingSettings, number: str) -> Question:
    """Return a student's question."""
    with asking(settings) as client:
        return client.question(settings.course_id, number)


@contextlib.contextmanager
def downloaded_snapshot(settings: GradingSettings, number: str) -> Iterator[Path]:
    """Give a folder with the notebook that goes with a question for the block."""
    with _scratch() as folder:
        with asking(settings) as client:
            client.fetch_notebook(settings.course_id, number, folder)
        yield folder


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """Give the name of a folder that does not exist yet, and is deleted after the block."""
    with tempfile.TemporaryDirectory(prefix="grading-") as scratch:
        yield Path(scratch) / "files"


def post_result(settings: GradingSettings, submission: str, result: Result) -> None:
    """Attach what the grader found to a submission; its student sees it immediately."""
    with asking(settings) as client:
        client.put_result(settings.course_id, submission, result)


def add_to_result(settings: GradingSettings, submission: str, name: str, words: str, found: dict[str, Any]) -> None:
    """Add something found later to a submission's quick result, or replace what an earlier try has added; the score
    stays. If there is a full result, nothing is added.
    """
    with asking(settings) as client:
        result = client.submission(settings.course_id, submission).result
        if result is None or result.kind != "quick":
            return
        first = result.summary.partition(f"; {name}: ")[0]
        new = Result("quick", cast(Any, result.status), result.score, result.max_score)
        new.summary, new.detail = f"{first}; {name}: {words}", {**result.detail, name: found}
        client.put_result(settings.course_id, submission, new)


def arrival(settings: GradingSettings, submission: str) -> dict[str, Any]:
    """Return which attempt a submission is, and when it was received."""
    with asking(settings) as client:
        found = client.submission(settings.course_id, submission)
    return {"attempt": found.attempt, "received_at": found.received_at}


def release_feedback(settings: GradingSettings, submission: str, page: Path) -> None:
    """Release a feedback page to the student."""
    with asking(settings) as client:
        client.put_feedback(settings.course_id, submission, page.parent, [page.name])


def release(settings: GradingSettings, assignment: str) -> str:
    """Put a module's release folder into the exchange; return which version it is now."""
    folder = settings.course_dir / "release" / assignment
    if not folder.is_dir():
        raise TitoError(f"{assignment} has no release to hand out: generate it first")
    with asking(settings) as client:
        released = client.release(settings.course_id, assignment, folder, force=True)
    return f"version {released.release_version}, from {released.release_at or 'now'}"


def present_schedule(settings: GradingSettings, assignment: str) -> tuple[datetime | None, dict[str, int]]:
    """Return a module's due date for everybody, and how late each of its submissions is under the present schedule."""
    with asking(settings) as client:
        due = client.assignment(settings.course_id, assignment).due_at
        late = {each.id: each.lateness_seconds for each in client.all_submissions(settings.course_id, assignment)}
    return (parse_utc(due) if due else None), late


def released_assignments(settings: GradingSettings) -> set[str]:
    """Return the modules whose files students can fetch, or will be able to at their release time."""
    with asking(settings) as client:
        return {each.id for each in client.assignments(settings.course_id) if each.released_at}


def collect(settings: GradingSettings, assignment: str, student: str = "") -> dict[str, list[str]]:
    """Update nbgrader's `submitted` to the attempts that count; return which students' work is new and which is
    unchanged.
    """
    from nbgrader.auth import Authenticator
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange import ExchangeError as NbgraderExchangeError
    from nbgrader.exchange import ExchangeFactory

    config = _nbgrader_config(settings, assignment)
    config.CourseDirectory.student_id = student or "*"
    before = collected_ids(settings, assignment)
    factory = ExchangeFactory(config=config)
    collector = factory.Collect(
        coursedir=CourseDirectory(config=config), authenticator=Authenticator(config=config), config=config
    )
    collector.update = True
    said = Said()
    collector.log = said.logger
    try:
        collector.start()
    except NbgraderExchangeError as error:
        raise ExchangeError(f"collecting {assignment}: {' '.join(said.lines) or error}") from error
    after = collected_ids(settings, assignment)
    new = sorted(student for student, name in after.items() if before.get(student) != name)
    return {"new": new, "same": sorted(after.keys() - set(new))}


def _nbgrader_config(settings: GradingSettings, assignment: str):
    from traitlets.config import Config

    from tito.gradebook.file import gradebook_url

    config = Config()
    config.CourseDirectory.root = str(settings.course_dir)
    config.CourseDirectory.course_id = settings.course_id
    config.CourseDirectory.assignment_id = assignment
    config.CourseDirectory.db_url = gradebook_url(settings.course_dir)
    config.ExchangeFactory.collect = PLUGIN
    config.ExchangeCollect.brings_times = False  # the gradebook's own room does, under its lock
    config.Exchange.url = settings.exchange_url
    return config


def collected_ids(settings: GradingSettings, assignment: str) -> dict[str, str]:
    """Return which submission of each student is in `submitted`."""
    folders = (settings.course_dir / "submitted").glob(f"*/{assignment}")
    return {folder.parent.name: name for folder in folders if (name := collected_id(folder))}


def collected_id(folder: Path) -> str | None:
    """Return the exchange's name of a collected submission, None if it did not come from there."""
    path = folder / RECEIPT
    return load(path).receipt.submission if path.is_file() else None
