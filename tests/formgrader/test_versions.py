"""A grade's version belongs to one attempt: changing the attempt's time keeps it, another attempt changes it."""

import datetime
import json
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from tito.formgrader.versions import described, state_of_flag
from tito.gradebook.file import open_or_make

from exchange.protocol.models import Receipt, SignedReceipt, plain

# from nbgrader, when it adds rows
pytestmark = [pytest.mark.service, pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")]
DUE = datetime.datetime(2026, 11, 20, 12)


@pytest.fixture
def book(tmp_path: Path):
    with open_or_make(tmp_path, "course") as gradebook:
        gradebook.add_assignment("tensor", duedate=DUE)
        gradebook.add_notebook("tensor", "tensor")
        gradebook.add_grade_cell("memory", "tensor", "tensor", max_score=5, cell_type="markdown")
        gradebook.add_student("ada")
        gradebook.add_submission("tensor", "ada", timestamp=DUE)
        yield gradebook


def graded(course_dir: Path, submission: str) -> None:
    folder = course_dir / "autograded" / "ada" / "tensor"
    folder.mkdir(parents=True, exist_ok=True)
    receipt = Receipt(submission, "course", "tensor", "ada", 1, "", None, False, 0, [], "key")
    (folder / "receipt.json").write_text(json.dumps(plain(SignedReceipt(receipt, "signature"))))


def versions(book: Gradebook) -> tuple[str, str]:
    grade = book.find_grade("memory", "tensor", "tensor", "ada")
    return described(book, grade)[0]["version"], state_of_flag(book, grade.notebook)["version"]


def test_a_change_of_the_schedule_overtakes_nobody(book: Gradebook, tmp_path: Path) -> None:
    graded(tmp_path, "first")
    before = versions(book)
    book.find_submission("tensor", "ada").timestamp = DUE + datetime.timedelta(hours=2)
    book.db.commit()
    assert versions(book) == before


def test_another_attempt_within_grace_is_another_version(book: Gradebook, tmp_path: Path) -> None:
    """Both attempts have the due time as their timestamp, which to nbgrader means "on time"."""
    graded(tmp_path, "first")
    before = versions(book)
    graded(tmp_path, "second")
    assert not set(versions(book)) & set(before)
