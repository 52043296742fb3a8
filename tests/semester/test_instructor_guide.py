"""docs/instructor.md is correct: its file is valid and shows every key, and its commands succeed.

tests/e2e/test_instructor_commands.py runs those that need a Hub.
"""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from tito.cli import cli
from tito.commands import COMMANDS
from tito.curriculum import load_curriculum
from tito.grading.kinds import buttons
from tito.semester.model import Semester
from tito.semester.read import Sources, validate

REPOSITORY = Path(__file__).parents[2]
GUIDE = (REPOSITORY / "docs" / "instructor.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL)
LINES = [line.partition("#")[0].strip() for block in BLOCKS for line in block.splitlines()]
ON_A_HUB = [line for line in LINES if line.startswith("python -m hub_config run -- tito ")]
HERE = [line for line in LINES if line.startswith("tito ")]
MOODLE = "First name;Last name;Username;Email address;Groups\nAda;Lovelace;ada;ada@example.org;A\n"


def block(kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", GUIDE, re.DOTALL)
    assert found
    return found.group(1)


def test_the_example_is_a_valid_semester_and_shows_every_key_but_milestones():
    valid = validate(Sources(block("yaml"), block("csv")), load_curriculum(REPOSITORY / "course"))
    assert valid.warnings == ()
    assert set(Semester.model_fields) - valid.semester.model_fields_set == {"milestones"}


def test_every_command_is_in_the_table():
    named = set(re.findall(r"\btito ((?:semester|module|grade) \w+)", GUIDE))
    assert named
    assert named <= {command.name for command in COMMANDS}


def test_every_button_that_it_names_is_on_a_page():
    """Grading buttons are in the table of grading work, the others in the pages' templates."""
    pages = "".join(path.read_text() for path in (REPOSITORY / "hub_config" / "home" / "templates").glob("*.html"))
    orders = {button["order"] for button in buttons()}
    for button in ("Make feedback", "Release feedback"):
        assert f"*{button}*" in GUIDE
        assert button in orders
    uploading = ("Show what the list would change", "Make it the roster")
    for button in ("Show what would change", "Apply", "Release again", "All actions", *uploading):
        assert f"*{button}*" in GUIDE
        assert button in pages


def test_every_line_is_run_somewhere():
    assert [line for line in LINES if line not in (*ON_A_HUB, *HERE)] == ["HUB_SEMESTER=var/large.yaml make serve"]
    assert len(ON_A_HUB) >= 11
    assert len(HERE) >= 6


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like a checkout and contains a class list from Moodle."""
    shutil.copytree(REPOSITORY / "course" / "semesters", tmp_path / "course" / "semesters")
    (tmp_path / "var").mkdir()
    (tmp_path / "moodle.csv").write_text(MOODLE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TITO_COURSE", str(REPOSITORY / "course"))
    return tmp_path


@pytest.mark.parametrize("line", HERE)
def test_a_command_that_needs_no_hub_does_what_it_says(at_home: Path, line: str):
    words = shlex.split(line)[1:]
    done = CliRunner().invoke(cli(), words)
    if "--fast" in words:  # before the modules are closed, "the command refuses and names the modules"
        assert (done.exit_code, "acceleration" in str(done.exception)) == (1, True)
        return
    assert done.exit_code == 0, (done.output, done.exception)
    assert "--output" not in words or (at_home / words[words.index("--output") + 1]).is_file()
