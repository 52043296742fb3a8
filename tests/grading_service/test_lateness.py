"""Only the gradebook's code writes due dates and the penalties that follow from them; a preview writes nothing."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tito.gradebook.file import FILE_NAME, open_or_make, put_student
from tito.gradebook.late import LatePolicy
from tito.gradebook.lateness import Moved, Standing, Times, bring_to_schedule, preview

from exchange.protocol.models import Receipt, SignedReceipt, plain, utc_text

# nbgrader 0.9.6 makes objects before it adds them to a session; SQLAlchemy 2.1 warns about this.
pytestmark = [pytest.mark.service, pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")]
COURSE, MODULE = "tiny-2026", "tensor"
DUE = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = DUE + timedelta(hours=3)
POLICY = LatePolicy(grace_minutes=15, penalty_percent_per_day=10)
ADA = {"first_name": "Ada", "last_name": "L", "email": ""}


def times(due: datetime) -> Times:
    """A module without a grace period: work after the due date is late by the whole difference."""
    return Times(due, lambda receipt: max(0, int((handed_in(receipt) - due).total_seconds())))


def handed_in(receipt: Receipt) -> datetime:
    return datetime.fromisoformat(receipt.received_at)


@pytest.fixture(scope="module")
def handed_in_late(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which ada submitted two hours after DUE and has 80 points."""
    course_dir = tmp_path_factory.mktemp("course")
    put_student(course_dir, COURSE, "ada", **ADA)
    received = DUE + timedelta(hours=2)
    for step in ("submitted", "autograded"):
        folder = course_dir / step / "ada" / MODULE
        folder.mkdir(parents=True)
        receipt = Receipt("s1", COURSE, MODULE, "ada", 1, utc_text(received), utc_text(DUE), True, 7200, [], "key")
        (folder / "receipt.json").write_text(json.dumps(plain(SignedReceipt(receipt, "signature"))))
    with open_or_make(course_dir, COURSE) as gradebook:
        gradebook.add_assignment(MODULE)
        gradebook.add_notebook(MODULE, MODULE)
        gradebook.add_grade_cell("test_add", MODULE, MODULE, max_score=90, cell_type="code")
        gradebook.add_submission(MODULE, "ada", timestamp=received.replace(tzinfo=None))
        gradebook.find_grade("test_add", MODULE, MODULE, "ada").auto_score = 80
        gradebook.db.commit()
    return course_dir


@pytest.fixture
def course_dir(handed_in_late: Path, tmp_path: Path) -> Path:
    """A copy of that course that a test may change: nbgrader takes seconds to make a gradebook."""
    return Path(shutil.copytree(handed_in_late, tmp_path / "course"))


def grade(course_dir: Path) -> tuple[datetime | None, float, float]:
    """Return the due date, seconds late and penalty that nbgrader has."""
    with open_or_make(course_dir, COURSE) as gradebook:
        ada = gradebook.find_submission(MODULE, "ada")
        return ada.duedate, ada.total_seconds_late, ada.late_submission_penalty


def test_due_date_times_and_penalty_follow_together_and_back(course_dir: Path):
    on_time, late = Standing(0, 80), Standing(7200, 72)
    assert bring_to_schedule(course_dir, COURSE, MODULE, times(DUE), POLICY) == [Moved("ada", on_time, late)]
    assert grade(course_dir) == (DUE.replace(tzinfo=None), 7200, 8)
    assert (course_dir / "submitted" / "ada" / MODULE / "timestamp.txt").read_text().startswith("2026-11-20 14:00:00")
    assert bring_to_schedule(course_dir, COURSE, MODULE, times(LATER), POLICY) == [Moved("ada", late, on_time)]
    assert grade(course_dir) == (LATER.replace(tzinfo=None), 0, 0)


def test_a_preview_says_what_would_be_and_writes_nothing(course_dir: Path):
    before = grade(course_dir)
    shown = preview(course_dir, COURSE, {MODULE: times(DUE), "layers": times(DUE)}, POLICY)
    assert grade(course_dir) == before
    assert shown == {MODULE: bring_to_schedule(course_dir, COURSE, MODULE, times(DUE), POLICY), "layers": []}


def test_a_module_and_a_student_that_are_new_are_entered(course_dir: Path):
    assert bring_to_schedule(course_dir, COURSE, "layers", times(DUE), POLICY) == []
    put_student(course_dir, COURSE, "ada", **ADA | {"email": "ada@example.org"})
    put_student(course_dir, COURSE, "ben", **ADA | {"first_name": "Ben"})
    with open_or_make(course_dir, COURSE) as gradebook:
        assert gradebook.find_assignment("layers").duedate == DUE.replace(tzinfo=None)
        assert {each.id: each.email for each in gradebook.students} == {"ada": "ada@example.org", "ben": ""}


def test_nobody_else_opens_the_gradebook_to_write():
    """Three places may: the gradebook's code, the formgrader's pages, and the plugin for courses without that code."""
    root = Path(__file__).resolve().parents[2]
    writers = {"course/tito/gradebook", "course/tito/formgrader", "exchange/nbgrader_plugin"}
    for folder in ("course/tito", "exchange", "hub_config"):
        for path in (root / folder).rglob("*.py"):
            words = path.read_text("utf-8")
            place = path.relative_to(root).parent.as_posix()
            if place not in writers:
                assert "import Gradebook" not in words and "update_or_create_" not in words, path
                assert f'"{FILE_NAME}"' not in words or place == "course/tito/grading", path  # it looks for the file
