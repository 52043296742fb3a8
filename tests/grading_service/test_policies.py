"""Late penalties, the weight of hand grading, exports, the gradebook's lock and settings, tested on plain values."""

import csv
import io
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tito.gradebook.late import LatePolicy, semester_policy
from tito.gradebook.lock import GradebookBusy, GradebookLock, gradebook_lock
from tito.gradebook.policy import GradingPolicy, grading_policy, roster
from tito.gradebook.table import dropped, export_table
from tito.grading.settings import SettingsError, settings_from_environment
from tito.grading.verdicts import folder_digest

DAY = 86400
POLICY = LatePolicy(grace_minutes=15, penalty_percent_per_day=10, maximum_percent=30)


@pytest.mark.parametrize(
    ("seconds", "penalty"),
    [(0, 0), (15 * 60, 0), (15 * 60 + 1, 8), (DAY, 8), (DAY + 1, 16), (3 * DAY, 24), (30 * DAY, 24)],
)
def test_each_day_begun_costs_its_share_up_to_the_maximum(seconds, penalty):
    assert POLICY.penalty(80.0, seconds) == pytest.approx(penalty)


@given(
    st.floats(0, 1000), st.floats(0, 1e8), st.floats(0, 100), st.floats(0, 100), st.floats(0, 1e4)
)  # fmt: skip
def test_a_penalty_is_never_more_than_the_score(score, seconds, per_day, maximum, grace):
    assert 0 <= LatePolicy(grace, per_day, maximum).penalty(score, seconds) <= score


def test_without_a_semester_nothing_is_deducted_and_the_modules_shares_stand(tmp_path):
    assert semester_policy(tmp_path).penalty(100.0, 100 * DAY) == 0
    assert grading_policy(tmp_path) == GradingPolicy("best", None)


def test_policies_come_from_the_semester(tmp_path):
    (tmp_path / "semester.json").write_text(
        '{"late": {"grace_minutes": 5, "window_hours": 1, "penalty_percent_per_day": 25, "maximum_percent": 50},'
        ' "grading": {"mode": "own", "manual_percent": 0}}'
    )
    assert semester_policy(tmp_path) == LatePolicy(5, 25, 50)
    assert grading_policy(tmp_path) == GradingPolicy("own", 0)


@pytest.mark.parametrize(
    ("percent", "score"), [(None, 85.0), (10, 85.0), (0, 800 / 9), (50, 50 * 80 / 90 + 25), (100, 50.0)]
)
def test_written_answers_count_their_share(percent, score):
    """The tests gave 80 of 90 points, the TA 5 of 10."""
    assert GradingPolicy(manual_percent=percent).weigh(80, 90, 5, 10) == pytest.approx(score)


@given(st.floats(0, 90), st.floats(0, 10), st.none() | st.floats(0, 100))
def test_a_weighed_score_stays_within_the_maximum(code, written, percent):
    assert 0 <= GradingPolicy(manual_percent=percent).weigh(code, 90, written, 10) <= 100 + 1e-9


def test_a_module_without_written_answers_is_not_weighed():
    assert GradingPolicy(manual_percent=30).weigh(45, 90, 0, 0) == 45


def row(student: str, **more) -> dict:
    return {
        "student": student, "last_name": "Lovelace", "first_name": "Ada", "email": "ada@example.org",
        "assignment": "tensor", "submitted_at": None, "seconds_late": 0.0, "raw_score": 95.0, "late_penalty": 9.5,
        "score": 85.5, "max_score": 100.0, "needs_manual_grade": False, "feedback_released_at": None, "not_judged": "",
        "on_roster": True,
        **more,
    }  # fmt: skip


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_canvas_has_points_possible_and_one_column_a_module():
    modules = {"tensor": [row("ada"), row("ben", score=None)], "layers": [row("ada", score=7.0, max_score=50.0)]}
    assert read(export_table("canvas", modules)) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "tensor", "layers"],
        ["    Points Possible", "", "", "", "", "100", "50"],
        ["Lovelace, Ada", "", "", "ada", "", "85.5", "7"],
        ["Lovelace, Ada", "", "", "ben", "", "", ""],
    ]


def test_moodle_has_names_and_addresses():
    assert read(export_table("moodle", {"tensor": [row("ada"), row("ben", score=None)]}, missing_as_zero=True)) == [
        ["Username", "First name", "Last name", "Email address", "tensor"],
        ["ada", "Ada", "Lovelace", "ada@example.org", "85.5"],
        ["ben", "Ada", "Lovelace", "ada@example.org", "0"],
    ]


@pytest.mark.parametrize("form", ["canvas", "moodle"])
def test_who_dropped_is_left_out_of_other_systems_tables_and_marked_in_plain_rows(form):
    modules = {"tensor": [row("ada"), row("gone", on_roster=False)]}
    assert "gone" not in export_table(form, modules) and "ada" in export_table(form, modules)
    assert dropped(modules) == ["gone"]
    plain = read(export_table("plain", modules))
    assert [line[plain[0].index("on_roster")] for line in plain[1:]] == ["yes", "no"]


def test_points_possible_are_there_where_the_first_student_dropped():
    table = read(export_table("canvas", {"tensor": [row("gone", on_roster=False), row("zoe")]}))
    assert [line[-1] for line in table] == ["tensor", "100", "85.5"]


def test_the_roster_is_what_a_semester_said_last(tmp_path):
    assert roster(tmp_path) is None
    (tmp_path / "roster.json").write_text('{"students": ["ada"]}')
    assert roster(tmp_path) == {"ada"}


def test_plain_rows_have_everything():
    table = read(export_table("plain", {"tensor": [row("ada")]}))
    assert dict(zip(*table, strict=True))["late_penalty"] == "9.5"


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "+1", "-1", "@x", "\tx"])
@pytest.mark.parametrize("form", ["plain", "canvas", "moodle"])
def test_no_name_becomes_a_formula(form, name):
    text = export_table(form, {"tensor": [row("ada", last_name=name, first_name=name)]})
    assert not [cell for line in read(text) for cell in line if cell.startswith(("=", "+", "-", "@", "\t"))]


def test_the_gradebook_has_one_writer(tmp_path):
    """This also holds across processes, and a writer that dies releases the lock."""
    source = (
        "import sys; from pathlib import Path; from tito.gradebook.lock import GradebookLock\n"
        "lock = GradebookLock(Path(sys.argv[1])); assert lock.try_acquire()\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", source, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        assert GradebookLock(tmp_path).try_acquire() is False
        with pytest.raises(GradebookBusy, match="try again"), gradebook_lock(tmp_path, timeout_seconds=0.05):
            pass
        holder.kill()
    with gradebook_lock(tmp_path, timeout_seconds=5):
        assert GradebookLock(tmp_path).try_acquire() is False


def test_a_submission_is_named_by_its_files_and_not_by_its_times(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tensor.ipynb").write_text("{}")
    (tmp_path / "a" / "timestamp.txt").write_text("now")
    assert folder_digest(tmp_path / "a") == folder_digest(tmp_path / "b")
    (tmp_path / "b" / "tensor.ipynb").write_text("{ }")
    assert folder_digest(tmp_path / "a") != folder_digest(tmp_path / "b")


def test_a_link_in_a_submission_is_not_followed(tmp_path):
    (tmp_path / "tensor.ipynb").write_text("{}")
    before = folder_digest(tmp_path)
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert folder_digest(tmp_path) == before


def test_settings_survive_the_way_to_a_child_process(tmp_path):
    (tmp_path / "source").mkdir()
    settings = settings_from_environment(
        {}, course_dir=tmp_path, jobs="3", course_id="c", exchange_url="http://x/", token="secret"
    )
    assert settings_from_environment(settings.environment()) == settings
    assert "secret" not in repr(settings)


@pytest.mark.parametrize("jobs", ["0", "65", "many", "-1"])
def test_a_wrong_number_of_jobs_is_refused(tmp_path, jobs):
    (tmp_path / "source").mkdir()
    with pytest.raises(SettingsError, match="from 1 to 64"):
        settings_from_environment({}, course_dir=tmp_path, jobs=jobs)


def test_a_folder_that_is_no_course_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="GRADING_COURSE_DIR"):
        settings_from_environment({}, course_dir=tmp_path)
