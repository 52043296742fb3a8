"""Every command of docs/ta.md is run, in a graded course."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.grading_service.place import GOOD, SLUG, TREE, WRONG, answered, make_course, put_submission

pytestmark = pytest.mark.service
DOCUMENT = Path(__file__).parents[2] / "docs" / "ta.md"
BLOCKS = re.findall(r"```\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
FROM_CANVAS = "Student,ID,SIS User ID,SIS Login ID,Section,vectors (4711)\nAda,501,u-1,ada,A,\n"
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if line]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("documents") / "course")
    (course / "canvas-grades.csv").write_text(FROM_CANVAS)
    put_submission(course, "ada", answered(course, WRONG))
    put_submission(course, "ben", answered(course, GOOD))
    run(["tito", "grade", "autograde", SLUG], course)
    return course


def run(words: list[str], course: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tito.cli", *words[1:]],
        cwd=course, capture_output=True, text=True, timeout=200,
        env={"TITO_COURSE": str(TREE), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_the_document_has_commands():
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_does_what_it_says(course, command):
    words = shlex.split(command)
    assert words[0] == "tito"
    said = run(words, course)
    assert said or "--output" in words
