"""Every command that a guide names in its text or shows in a block exists, with the options shown.

The commands of the instructor's and the TA's guide are run elsewhere: tests/semester/test_instructor_guide.py,
tests/e2e/test_instructor_commands.py, tests/grading_service/test_documents.py.
"""

import re
import shlex
from contextlib import suppress
from pathlib import Path

import click
import pytest
from tito.cli import cli

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = ("student", "ta", "instructor", "operator", "writing-a-module")
NAMED = re.compile(r"`(tito [^`]+)`|^(?:.* -- )?(tito [^#\n]+)", re.MULTILINE)


def commands_of(text: str) -> list[list[str]]:
    """Return the words of each command, without those in brackets."""
    found = ("".join(each) for each in NAMED.findall(text))
    return [shlex.split(re.sub(r"\[.*?\]", "", line)) for line in found]


def parse(words: list[str]) -> None:
    """Let click parse a command as if it were typed; missing arguments and missing files are ignored."""
    command, context, rest = cli(), click.Context(cli()), words[1:]
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, rest)
        assert found, name
        command, context = found, click.Context(found, parent=context, info_name=name)
    with suppress(click.BadParameter):
        command.make_context(command.name, rest)


@pytest.mark.parametrize("guide", GUIDES)
def test_every_command_that_a_guide_names_exists(guide: str):
    found = commands_of((DOCS / f"{guide}.md").read_text(encoding="utf-8"))
    assert found
    for words in found:
        if len(words) > 1 and "|" not in words[-1]:
            parse(words)


@pytest.mark.parametrize("typed", ["tito grade explode vectors", "tito module update tensor --undo"])
def test_a_command_or_option_that_is_not_there_is_found(typed: str):
    with pytest.raises(click.UsageError):
        parse(typed.split())
