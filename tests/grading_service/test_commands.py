"""`tito grade` as a person types it: directly in a course directory, and through a running service."""

import csv
import io
import json
import os
import subprocess
import sys

import pytest

from tests.grading_service.place import GOOD, SLUG, TREE, WRONG, answered, make_course, put_submission

pytestmark = pytest.mark.service


def tito(*words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GRADING_", "JUPYTERHUB_", "EXCHANGE_"))}
    return subprocess.run(
        [sys.executable, "-m", "tito.cli", "grade", *words],
        capture_output=True, text=True, timeout=200, env=clean | {"TITO_COURSE": str(TREE)} | (environment or {}),
    )  # fmt: skip


def said(done: subprocess.CompletedProcess):
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("commands") / "course")
    put_submission(course, "ada", answered(course, GOOD))
    put_submission(course, "ben", answered(course, WRONG))
    put_submission(course, "cleo", "{")
    return course


@pytest.fixture(scope="module")
def graded(course):
    return said(tito("autograde", SLUG, "--course-dir", str(course), "--jobs", "2", "--json"))


def test_autograde_tells_how_each_ended(graded):
    assert {task["student"]: (task["outcome"], task["score"]) for task in graded["tasks"]} == {
        "ada": ("graded", 90.0),
        "ben": ("graded", 50.0),
        "cleo": ("refused", 0.0),
    }


def test_autograding_again_changes_nothing_and_force_judges_anew(course, graded):
    again = said(tito("autograde", SLUG, "--course-dir", str(course), "--json"))
    assert {task["outcome"] for task in again["tasks"]} == {"unchanged"}
    forced = said(tito("autograde", SLUG, "--course-dir", str(course), "--student", "ada", "--force", "--json"))
    assert [(task["student"], task["outcome"]) for task in forced["tasks"]] == [("ada", "graded")]


def test_the_table_is_readable(course, graded):
    done = tito("autograde", SLUG, "--course-dir", str(course))
    assert done.returncode == 0
    assert "everything passed" not in done.stderr
    assert "ada" in done.stdout
    assert "unchanged" in done.stdout


def test_explain_reproduces_the_verdict_from_its_seed(course, graded):
    explanation = said(tito("explain", "ben", SLUG, "--course-dir", str(course), "--json"))
    assert explanation["reproduced"] is True
    assert explanation["again"]["seed"] == int(explanation["run"]["seed"])
    scale = next(each for each in explanation["again"]["exercises"] if each["name"] == "scale")
    assert [check["passed"] for check in scale["checks"]] == [True, False]
    text = tito("explain", "ben", SLUG, "--course-dir", str(course)).stdout
    assert "the same verdict" in text
    assert "random values" in text


def test_explain_says_when_other_files_lie_there_now(course, graded):
    kept = (course / "submitted" / "ben" / SLUG / f"{SLUG}.ipynb").read_text()
    put_submission(course, "ben", answered(course, GOOD))
    try:
        explanation = said(tito("explain", "ben", SLUG, "--course-dir", str(course), "--json"))
    finally:
        put_submission(course, "ben", kept)
    assert explanation["reproduced"] is None
    assert "another attempt" in explanation["why_not"]
    assert explanation["recorded"]["points"] == 50.0


def test_explain_of_what_was_never_judged_names_the_command(course):
    done = tito("explain", "nobody", SLUG, "--course-dir", str(course))
    assert done.returncode == 1
    assert f"tito grade autograde {SLUG} --student nobody" in done.stderr


def test_feedback_has_no_hidden_test(course, graded):
    said(tito("feedback", SLUG, "--course-dir", str(course), "--json"))
    for student in ("ada", "ben", "cleo"):
        text = (course / "feedback" / student / SLUG / f"{SLUG}.html").read_text()
        assert "HIDDEN-CANARY" not in text
        assert "<script" not in text


def test_status_counts_and_lists(course, graded):
    (module,) = said(tito("status", "--course-dir", str(course), "--json"))
    assert (module["assignment"], module["collected"], module["to_autograde"]) == (SLUG, 3, 0)
    rows = said(tito("status", SLUG, "--course-dir", str(course), "--json"))
    assert {row["student"]: row["score"] for row in rows} == {"ada": 90.0, "ben": 50.0, "cleo": None}
    assert "there are: vectors" in tito("status", "nothing", "--course-dir", str(course)).stderr


def test_export_writes_what_canvas_reads(course, graded, tmp_path):
    target = tmp_path / "grades.csv"
    done = tito("export", "--format", "canvas", "--output", str(target), "--course-dir", str(course))
    assert done.returncode == 0, done.stderr
    table = list(csv.reader(io.StringIO(target.read_text(), newline="")))
    assert table[0][-1] == SLUG
    assert {line[3]: line[5] for line in table[2:]} == {"ada": "90", "ben": "50", "cleo": ""}


def test_a_course_that_is_none_is_an_error_with_a_remedy(tmp_path):
    done = tito("status", "--course-dir", str(tmp_path), "--json")
    assert done.returncode == 1
    assert "--course-dir" in json.loads(done.stdout)["error"]


def test_the_same_through_a_running_service(hub):
    """With an address and a token in the environment, the service does the work with the token's rights."""
    put_submission(hub.course_dir, "dora", answered(hub.course_dir, GOOD))
    address = {"GRADING_URL": hub.service_url("grading")}
    ida = address | {"JUPYTERHUB_API_TOKEN": hub.token("ida")}
    done = said(tito("autograde", SLUG, "--student", "dora", "--json", environment=ida))
    assert [(task["student"], task["score"]) for task in done["tasks"]] == [("dora", 90.0)]
    assert said(tito("explain", "dora", SLUG, "--json", environment=ida))["recorded"]["points"] == 90.0
    assert "leave it out" in tito("autograde", SLUG, "--jobs", "2", environment=ida).stderr
    refused = tito("autograde", SLUG, environment=address | {"JUPYTERHUB_API_TOKEN": hub.token("ada")})
    assert refused.returncode == 1
    assert "custom:grading:run" in refused.stderr


def test_feedback_is_not_released_with_answers_unread_unless_told_so(course, graded):
    asked = tito("feedback", SLUG, "--release", "--course-dir", str(course))
    assert asked.returncode == 1
    assert "3 submissions of vectors (ada, ben, cleo) wait to be read, 3 answers in all" in asked.stderr
    assert "--yes" in asked.stderr
    told = tito("feedback", SLUG, "--release", "--yes", "--student", "ada", "--course-dir", str(course))
    assert "did not come from the exchange" in told.stdout  # the release was attempted
