"""What docs/operator.md and docs/student.md tell people to type exists."""

import re
import subprocess

import pytest

from hub_config.cli import cli
from hub_config.settings import CHECKOUT, environment_name, known_keys

pytestmark = pytest.mark.unit
DOCUMENTS = sorted((CHECKOUT / "docs").glob("*.md"))
CODE = re.compile(r"```console\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def commands() -> list[str]:
    """Return every line that stands as code in a document."""
    texts = [document.read_text("utf-8") for document in DOCUMENTS]
    blocks = [block or inline for text in texts for block, inline in CODE.findall(text)]
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_make_targets_exist():
    targets = {match[1] for line in commands() if (match := re.match(r"(?:HUB_\S+ )*make (\w+)", line))}
    assert {"serve", "stop", "reset"} <= targets
    for target in targets:
        done = subprocess.run(["make", "-n", target], cwd=CHECKOUT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_commands_of_the_hub_exist():
    named = {match[1] for line in commands() if (match := re.match(r"(?:\S+/)?python -m hub_config (\w+)", line))}
    assert {"status", "settings", "restart", "run"} <= named <= set(cli.commands)


def test_variables_are_settings():
    named = {name for line in commands() for name in re.findall(r"\bHUB_[A-Z_]+\b", line)}
    known = {environment_name(*key.split(".")) for key in known_keys()}
    assert named - {"HUB_"} <= known


def test_pictures_are_there():
    for document in DOCUMENTS:
        for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", document.read_text("utf-8")):
            assert (document.parent / picture).is_file(), f"{document.name}: {picture}"
