"""Students with names of every form that universities use are graded, get feedback and are in the table under them."""

import csv
import io

import pytest

from exchange.protocol.names import name_of
from tests.grading_service.place import GOOD, SLUG, WRONG, answered, make_course, put_submission
from tests.grading_service.test_commands import said, tito

pytestmark = pytest.mark.service
# One name of each kind; tests/exchange/test_names.py sends all thirty through the exchange.
KINDS = ("0012345", "m.-j.dupont", "jane.doe@example.org", "jane+hub@example.org", "李雷", "a" * 63)
NAMES = sorted(name_of(identity) for identity in KINDS)


def test_every_kind_of_name_from_the_submission_to_the_table(tmp_path):
    """Every second submission is wrong, so a score in another student's row would be noticed."""
    course = make_course(tmp_path / "course")
    texts = [answered(course, GOOD), answered(course, WRONG)]
    for number, name in enumerate(NAMES):
        put_submission(course, name, texts[number % 2])
    points = {name: (90.0, 50.0)[number % 2] for number, name in enumerate(NAMES)}
    graded = said(tito("autograde", SLUG, "--course-dir", str(course), "--jobs", "2", "--json"))
    assert {task["student"]: (task["outcome"], task["score"]) for task in graded["tasks"]} == {
        name: ("graded", score) for name, score in points.items()
    }
    said(tito("feedback", SLUG, "--course-dir", str(course), "--json"))
    assert sorted(path.parent.parent.name for path in course.glob(f"feedback/*/{SLUG}/{SLUG}.html")) == NAMES
    done = tito("export", "--format", "canvas", "--output", str(tmp_path / "table.csv"), "--course-dir", str(course))
    assert done.returncode == 0, done.stderr
    table = list(csv.reader(io.StringIO((tmp_path / "table.csv").read_text(), newline="")))
    assert {line[3]: float(line[5]) for line in table[2:]} == points
