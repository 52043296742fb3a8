"""What docs/instructor.md says is so: its file is valid and shows every key, its commands exist."""

import re
from pathlib import Path

from tito.commands import COMMANDS
from tito.curriculum import load_curriculum
from tito.grading.kinds import buttons
from tito.semester.model import Semester
from tito.semester.read import Sources, validate

REPOSITORY = Path(__file__).parents[2]
GUIDE = (REPOSITORY / "docs" / "instructor.md").read_text(encoding="utf-8")


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
    """Those of grading are in the table of grading work, the others in the pages' templates."""
    pages = "".join(path.read_text() for path in (REPOSITORY / "hub_config" / "home" / "templates").glob("*.html"))
    orders = {button["order"] for button in buttons()}
    for button in ("Make feedback", "Release feedback"):
        assert f"*{button}*" in GUIDE
        assert button in orders
    uploading = ("Show what the list would change", "Make it the roster")
    for button in ("Show what would change", "Apply", "Release again", "All actions", *uploading):
        assert f"*{button}*" in GUIDE
        assert button in pages
