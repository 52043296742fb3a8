"""The command table, the help and the documents agree; starting imports little; errors are one message."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tito import commands, student
from tito.cli import cli
from tito.commands import COMMANDS, GROUPS, available

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))]
HERE = [pytest.param(command, id=command.name) for command in available()]


def walk(group: click.Group, words: tuple[str, ...] = ()) -> dict[str, click.Command]:
    """List every command that can be reached from the root, as a person would reach it."""
    context = click.Context(group)
    found: dict[str, click.Command] = {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= walk(command, (*words, name))
        else:
            found[" ".join((*words, name))] = command
    return found


def test_the_table_is_what_can_be_called():
    assert list(walk(cli())) == [command.name for command in sorted(available(), key=_group_order)]


def _group_order(command) -> int:
    firsts = list(dict.fromkeys(each.path[0] for each in available()))
    return firsts.index(command.path[0])


def test_names_are_unique_and_groups_described():
    names = [command.name for command in COMMANDS]
    assert sorted(set(names)) == sorted(names)
    assert {word for command in COMMANDS for word in command.path[:-1]} == set(GROUPS)


@pytest.mark.parametrize("command", HERE)
def test_a_command_has_help_with_an_example_and_says_one_line(command):
    module, _, attribute = command.target.partition(":")
    loaded = getattr(importlib.import_module(module), attribute)
    context = click.Context(loaded, info_name=f"tito {command.name}")
    text = loaded.get_help(context)
    assert re.search(rf"Examples?:.*tito {command.name}", text, re.DOTALL), (
        f"'tito {command.name} --help' has no example"
    )
    assert command.help.endswith(".") and len(command.help) <= 70


@pytest.mark.parametrize("command", HERE)
def test_who_has_a_command_is_who_has_its_file(command):
    folder = command.target.split(".")[1]
    assert (folder == "student") == (command.who == "student")
    module, _, attribute = command.target.partition(":")
    assert isinstance(getattr(importlib.import_module(module), attribute), click.Command)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_only_commands_of_the_table(document: Path):
    known = {" ".join(command.path[:n]) for command in COMMANDS for n in range(1, len(command.path) + 1)}
    for words in re.findall(r"\btito ((?:[a-z]+ ?){1,2})", "\n".join(_code(document))):
        words = words.split()
        name = " ".join(words[:2]) if words[0] in GROUPS else words[0]
        assert name in known, f"{document.name} says 'tito {' '.join(words)}', which is not in the table"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_use_only_options_that_commands_have(document: Path):
    table = {command.name: command for command in available()}
    for line in "\n".join(_code(document)).splitlines():
        words = line.removeprefix("$ ").split(" #")[0].split()
        name = next(
            (" ".join(words[1:n]) for n in (4, 3, 2) if words[:1] == ["tito"] and " ".join(words[1:n]) in table), ""
        )
        if name:
            module, _, attribute = table[name].target.partition(":")
            loaded = getattr(importlib.import_module(module), attribute)
            known = {option for parameter in loaded.params for option in parameter.opts} | {"--help"}
            used = {word.split("=")[0].rstrip("]") for word in words if word.startswith("--")}
            assert used <= known, f"{document.name}: '{line}' uses {used - known}"


def test_a_command_out_of_the_table_is_nowhere_and_in_it_again_is_back(tito, monkeypatch: pytest.MonkeyPatch):
    """Without its line in the table a command is unknown; with it, it is there again."""
    (taken,) = [command for command in COMMANDS if command.name == "receipt verify"]
    with monkeypatch.context() as without:
        without.setattr(commands, "COMMANDS", [command for command in COMMANDS if command is not taken])
        assert "show, verify" not in tito("--help").out and "  verify" not in tito("receipt", "--help").out
        assert tito("receipt", "verify").err.endswith("there is no command 'verify' here. Available: list, show.\n")
    assert "show, verify)" in tito("--help").out
    assert tito("receipt", "verify", "--help").code == 0


FILES_OF_COMMANDS = sorted({command.target.partition(":")[0] for command in COMMANDS})


@pytest.mark.parametrize("file", FILES_OF_COMMANDS)
def test_nothing_but_the_table_leads_to_a_command(file: str):
    """Code that other code needs is kept beside a command's file, so that a command is one file and one line."""
    room, name = file.rsplit(".", 1)
    words = (f"{file} import", f"import {file}", f"from {room} import {name}\n", f"from .{name} import")
    for path in (ROOT / "course" / "tito").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        near = words if path.parent == ROOT.joinpath("course", *room.split(".")) else words[:3]
        assert not [word for word in near if word in text], path


PRAISE = """
import click

@click.command()
@click.argument("name")
def praise(name):
    click.echo(f"Well done, {name}.")
"""


def test_a_new_command_is_one_file_and_one_line(tito, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "student").mkdir()
    (tmp_path / "student" / "praise.py").write_text(PRAISE)
    monkeypatch.setattr(student, "__path__", [*student.__path__, str(tmp_path / "student")])
    monkeypatch.setattr(commands, "_HERE", tmp_path)  # where the table looks for a command's file
    line = commands.Command("module praise", "tito.student.praise:praise", "Praise somebody.", "student")
    monkeypatch.setattr(commands, "COMMANDS", [*COMMANDS, line])
    assert "(praise)" in tito("--help").out and "Praise somebody." in tito("module", "--help").out
    assert tito("module", "praise", "Ada").out == "Well done, Ada.\n"


def _code(document: Path) -> list[str]:
    """Return the code between backticks, in blocks and in lines."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"```.*?\n(.*?)```", text, re.DOTALL)
    return blocks + re.findall(r"`(tito [^`]*)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def imported_by(*arguments: str) -> set[str]:
    """Run tito in a new process and return the packages that it imported."""
    code = (
        "import sys; sys.argv = ['tito', *sys.argv[1:]]\n"
        "from tito.cli import main\n"
        "try: main()\n"
        "except SystemExit: print('\\nIMPORTED', *{name.split('.')[0] for name in sys.modules})"
    )
    result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(result.stdout.split("IMPORTED")[1].split())


HEAVY = {
    "numpy",
    "rich",
    "nbgrader",
    "nbformat",
    "jupyter_core",
    "sqlalchemy",
    "pydantic",
    "httpx",
    "yaml",
    "tinytorch",
}


@pytest.mark.service
def test_help_imports_nothing_heavy():
    assert imported_by("--help") & HEAVY == set()


@pytest.mark.service
def test_status_imports_nothing_heavy(workspace):
    """yaml reads the course tree; a student's server has curriculum.json instead."""
    assert imported_by("module", "status") & HEAVY <= {"yaml"}


def test_an_unknown_command_lists_the_known(tito):
    answer = tito("modul")
    assert answer.code == 2
    assert "there is no command 'modul' here. Available: module, " in answer.err


def test_an_error_is_one_message_and_exit_code_1(tito, course):
    answer = tito("module", "start", "nothing")
    assert (answer.code, answer.out) == (1, "")
    assert (
        answer.err == "Error: there is no module 'nothing'. Available: scale, shift, affine, stack, measure, later.\n"
    )


def test_an_error_with_json_is_json(tito, course):
    answer = tito("module", "start", "nothing", "--json")
    assert answer.code == 1
    assert answer.json["error"].startswith("there is no module 'nothing'")


def test_mistakes_of_the_course_are_json_with_their_places(tito, course):
    path = course / "modules" / "01_scale" / "module.yaml"
    path.write_text(path.read_text().replace("hours: 0.5", "hours: 0"))
    (finding,) = tito("module", "lint", "--all", "--json").json["findings"]
    assert (finding["file"], finding["line"]) == (str(path), 3)


def test_colours_are_off_where_nobody_sees_them(tito, course, workspace):
    assert "\x1b" not in tito("module", "status").out


def test_a_course_that_is_not_there_is_told(tito, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TITO_COURSE", "/nowhere")
    assert "TITO_COURSE must name a course tree with a folder 'modules', not '/nowhere'" in tito("module", "status").err


@pytest.mark.service
def test_without_click_the_command_says_what_to_install():
    """`pip install tinytorch` installs the framework alone; its `tito` must not end in a traceback."""
    code = "import sys; sys.modules['click'] = None; sys.path.insert(0, sys.argv[1]); import tito.cli"
    course = Path(__file__).resolve().parents[2] / "course"
    result = subprocess.run([sys.executable, "-c", code, str(course)], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.startswith("the command tito needs click: pip install 'tinytorch[student]'")
    assert "Traceback" not in result.stderr
