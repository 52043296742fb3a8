"""Who gets a new score when the schedule changes: only students whose released feedback is for the graded attempt."""

import json

import pytest
from sqlalchemy.orm import Session
from tito.grading import told
from tito.grading.queue import Queue
from tito.grading.records import FeedbackRelease, Run, Task, open_database, utc_now
from tito.grading.settings import GradingSettings

from exchange.protocol.models import Receipt, SignedReceipt, plain

MODULE = "tensor"


@pytest.fixture
def queue(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'grading.sqlite'}")
    yield Queue(engine)
    engine.dispose()


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A course in which ada's current grade loses ten percent, and her released grade lost nothing."""
    monkeypatch.setattr(told, "late_percents", lambda *_: {"ada": 10.0})
    monkeypatch.setattr(told, "module_rows", lambda *_: {MODULE: [{"student": "ada", "score": 81.0}]})
    return GradingSettings(tmp_path / "course")


def release(queue: Queue, submission: str) -> None:
    with Session(queue.engine) as session:
        task = Task(kind="release_feedback", assignment=MODULE, student="ada", state="done")
        session.add(task)
        session.flush()
        who = {"kind": task.kind, "assignment": MODULE, "student": "ada", "submission": submission}
        session.add(Run(task_id=task.id, outcome="done", report={told.LATE_PERCENT: 0.0}, **who))
        row = {"assignment": MODULE, "student": "ada", "released_at": utc_now()}
        session.add(FeedbackRelease(**row, score=90.0, max_score=100.0))
        session.commit()


def lay(settings: GradingSettings, step: str, submission: str) -> None:
    folder = settings.course_dir / step / "ada" / MODULE
    folder.mkdir(parents=True)
    due = "2026-11-20T12:00:00.000000Z"
    receipt = Receipt(submission, "course", MODULE, "ada", 1, due, due, False, 0, [], "key")
    (folder / "receipt.json").write_text(json.dumps(plain(SignedReceipt(receipt, "signature"))))


@pytest.mark.parametrize(
    ("collected", "graded", "again"),
    [("first", "first", ["ada"]), ("second", "first", []), ("second", "second", [])],
    ids=["the attempt that was told", "a newer one waits to be graded", "a newer one is graded and not released"],
)
def test_only_the_attempt_that_was_told_is_told_again(queue, settings, collected, graded, again):
    release(queue, "first")
    lay(settings, "submitted", collected)
    lay(settings, "autograded", graded)
    assert told.told_otherwise(settings, queue, MODULE) == again
