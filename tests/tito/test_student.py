"""A student's commands: for a notebook in any state they give an answer that helps, and nothing is lost."""

import contextlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tito.atomic import write_atomically
from tito.checks.link import Budget
from tito.workspace import Workspace

pytestmark = pytest.mark.service

BROKEN = {
    "empty": (lambda text: "", "scale.ipynb is empty"),
    "blank": (lambda text: " \n", "scale.ipynb is empty"),
    "truncated": (lambda text: text[: len(text) // 2], "is incomplete or damaged at line"),
    "not JSON": (lambda text: "print('hello')", "is incomplete or damaged at line 1"),
    "another JSON": (lambda text: "[1, 2]", "is JSON, but not a notebook"),
    "format 5": (lambda text: text.replace('"nbformat": 4', '"nbformat": 5'), "not a notebook of format 4"),
    "without cells": (lambda text: '{"nbformat": 4}', "not a notebook of format 4"),
    "damaged cell": (
        lambda text: '{"nbformat": 4, "cells": [{"cell_type": "code"}]}',
        "cell 1 of scale.ipynb is damaged",
    ),
    "odd source": (
        lambda text: '{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3, "metadata": {}}]}',
        "cell 1 of scale.ipynb is damaged",
    ),
    "deep": (lambda text: "[" * 100_000, "nested too deeply"),
    "a PDF": (lambda text: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "scale.ipynb is a PDF with a notebook's name"),
    "a web page": (lambda text: "<!DOCTYPE html><html>", "scale.ipynb is a web page with a notebook's name"),
    "not UTF-8": (lambda text: b"\xff\xfe\x00", "is not UTF-8 text"),
}


def everything(workspace: Workspace) -> dict[str, bytes]:
    """Read all of a student's files except what tito records about tests."""
    root = workspace.package.parent
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.parent != workspace.memory
    }


@pytest.fixture(scope="module")
def first_completed(tmp_path_factory) -> Path:
    """The folder of the home in which the first test completes a module; before that it does not exist."""
    return tmp_path_factory.mktemp("completed") / "home"


@pytest.fixture
def completed(first_completed: Path, workspace: Workspace, started, tito, curriculum, notebook_class):
    """A home whose first module is completed, by the first test, and copied for the others; return its notebook."""
    home = workspace.package.parent
    if first_completed.exists():
        shutil.copytree(first_completed, home)
        return notebook_class(workspace.notebook("scale"), curriculum.find("scale").source)
    notebook = started("scale")
    notebook.solve()
    answer = tito("module", "complete", "scale")
    assert answer.code == 0, answer
    shutil.copytree(home, first_completed)
    return notebook


@pytest.mark.parametrize("state", BROKEN)
def test_a_broken_notebook_is_told_and_nothing_changes(completed, workspace: Workspace, tito, state: str):
    damage, expected = BROKEN[state]
    damaged = damage(completed.path.read_text())
    completed.path.write_bytes(damaged if isinstance(damaged, bytes) else damaged.encode())
    before = everything(workspace)
    answer = tito("module", "complete", "scale")
    assert answer.code == 1
    assert expected in answer.err
    assert "tito module reset scale" in answer.err, "the answer does not say how to go on"
    assert everything(workspace) == before


def test_a_missing_notebook_is_told(workspace, course, tito):
    answer = tito("module", "complete", "scale")
    assert answer.code == 1
    assert "'tito module start scale' puts it there" in answer.err


def test_a_renamed_notebook_is_named(completed, tito):
    completed.path.rename(completed.path.with_name("scale-Copy1.ipynb"))
    answer = tito("module", "complete", "scale")
    assert answer.code == 1
    assert "scale has scale-Copy1.ipynb. If that is your work, rename it to scale.ipynb" in answer.err


def test_a_notebook_with_a_byte_order_mark_is_read(completed, tito):
    completed.path.write_bytes(b"\xef\xbb\xbf" + completed.path.read_bytes())
    assert tito("module", "complete", "scale").code == 0


def test_half_solved_names_the_open_exercises_and_their_cells(started, workspace: Workspace, tito):
    notebook = started("scale")
    notebook.solve("scale")
    before = everything(workspace)
    answer = tito("module", "complete", "scale")
    assert answer.code == 1
    assert (
        "1 of 2 exercises of 01_scale are not solved yet:\n  halve: cell 13 (halve, begins 'def halve(x):')"
        in answer.err
    )
    assert everything(workspace) == before


def test_a_syntax_error_names_cell_and_line(completed, workspace: Workspace, tito):
    completed.edit("halve", lambda source: source.replace("return scale(x, 0.5)", "return scale(x, 0.5"))
    before = everything(workspace)
    answer = tito("module", "complete", "scale")
    assert answer.code == 1
    assert "scale.ipynb, cell 13 (halve, begins 'def halve(x):'), line " in answer.err
    assert "return scale(x, 0.5\n" in answer.err
    assert everything(workspace) == before


def test_an_endless_loop_when_imported_names_its_line(completed, workspace: Workspace, tito):
    completed.edit("halve", lambda source: source + "\n\nwhile True:\n    pass\n")
    before = everything(workspace)
    answer = tito("module", "complete", "scale", "--time-limit", "5")
    assert answer.code == 1
    assert "cell 13 (halve" in answer.err
    assert "did not finish within 5 seconds: is there an endless loop?" in answer.err
    assert everything(workspace) == before


@pytest.mark.service
def test_an_endless_loop_in_an_exercise_names_the_exercise(completed, workspace: Workspace, tito, monkeypatch):
    """A few seconds show it as well as those that a student's slow code is given."""
    monkeypatch.setattr("tito.checks.local.Budget", lambda: Budget(request_seconds=4.0))
    completed.edit("halve", lambda source: source.replace("return scale(x, 0.5)", "while True:\n        pass"))
    before = everything(workspace)
    answer = tito("module", "complete", "scale")
    assert answer.code == 1
    assert "halve: 'one number': no answer within 4 seconds" in answer.err
    assert "is there an endless loop?" in answer.err
    assert everything(workspace) == before


def test_an_error_when_imported_names_its_line(completed, workspace: Workspace, tito):
    completed.edit("halve", lambda source: source + "\n\nhalve(undefined_name)\n")
    before = everything(workspace)
    answer = tito("module", "complete", "scale")
    assert answer.code == 1
    assert "cell 13 (halve" in answer.err and "halve(undefined_name)" in answer.err
    assert "NameError: name 'undefined_name' is not defined" in answer.err
    assert everything(workspace) == before


@pytest.mark.parametrize("ending", ["raise SystemExit", "import os; os._exit(3)", "import os; os.kill(os.getpid(), 9)"])
def test_code_that_ends_python_is_told(completed, workspace: Workspace, tito, ending: str):
    completed.edit("halve", lambda source: f"{source}\n\n{ending}\n")
    before = everything(workspace)
    answer = tito("module", "complete", "scale")
    assert answer.code == 1
    assert "SystemExit" in answer.err or "ended the Python process" in answer.err
    assert everything(workspace) == before


def test_code_that_prints_without_end_is_stopped(completed, tito):
    completed.edit("halve", lambda source: source + "\n\nwhile True:\n    print('x' * 10000)\n")
    assert "endless loop" in tito("module", "complete", "scale", "--time-limit", "1").err


def test_a_notebook_s_own_word_in_an_exported_cell_is_told(completed, tito):
    completed.edit("halve", lambda source: source + "\n%timeit halve(1.0)\n")
    said = tito("module", "complete", "scale").err
    assert "%timeit halve(1.0)\n" in said
    assert "move that line to a cell without '#| export'" in said


def test_a_missing_earlier_module_is_named(started, tito):
    """If 01 is neither in the home nor anywhere else, 02 says what to complete first."""
    notebook = started("shift")
    notebook.solve()
    said = tito("module", "complete", "shift").err
    assert "from tinytorch.core.scale import scale" in said
    assert "No module named 'tinytorch.core.scale'" in said or "is built in module 01_scale" in said


@pytest.mark.tmpfs
def test_a_full_disk_keeps_the_old_export(
    course, tmp_path: Path, releases, notebook_class, tito, monkeypatch, curriculum
):
    home = tmp_path / "full"
    home.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", home], check=True)
    try:
        monkeypatch.setenv("TINYTORCH_HOME", str(home / "tinytorch"))
        workspace = Workspace.here()
        write_atomically(workspace.release("scale"), releases["scale"])
        assert tito("module", "start", "scale").code == 0
        notebook = notebook_class(workspace.notebook("scale"), curriculum.find("scale").source)
        notebook.solve()
        assert tito("module", "complete", "scale").code == 0
        exported, worked = workspace.exported("scale").read_bytes(), notebook.path.read_bytes()
        notebook.edit("scale", lambda source: source.replace("x * factor", "factor * x"))
        worked = notebook.path.read_bytes()
        with (home / "rubbish").open("wb", buffering=0) as rubbish, contextlib.suppress(OSError):
            while True:
                rubbish.write(b"x" * 512)
        answer = tito("module", "complete", "scale")
        assert answer.code == 1
        assert "the file system refused: [Errno 28] No space left on device" in answer.err
        assert workspace.exported("scale").read_bytes() == exported
        assert notebook.path.read_bytes() == worked
        (home / "rubbish").unlink()
        assert tito("module", "complete", "scale", "--json").json["changed"] is True
    finally:
        subprocess.run(["umount", home], check=True)


def test_a_deleted_function_is_told(completed, workspace: Workspace, tito):
    completed.edit("halve", lambda source: source.replace("def halve", "def half"))
    before = everything(workspace)
    assert "scale.ipynb no longer defines halve" in tito("module", "complete", "scale").err
    assert everything(workspace) == before


def test_a_script_learns_the_cell(completed, tito):
    completed.edit("halve", lambda source: source + "\nx = = 1\n")
    answer = tito("module", "complete", "scale", "--json")
    assert (answer.code, answer.json["cell"]) == (1, 13)


def test_what_is_no_file_is_told_and_not_waited_for(completed, tito):
    completed.path.unlink()
    os.mkfifo(completed.path)
    assert "is not a file: move it away" in tito("module", "complete", "scale").err


def test_a_deleted_setup_cell_is_told(completed, tito):
    data = completed.read()
    data["cells"] = [cell for cell in data["cells"] if "default_exp" not in "".join(cell["source"])]
    completed.write(data)
    assert "The Setup cell must start with '#| default_exp core.scale'" in tito("module", "complete", "scale").err


def test_wrong_results_are_shown_and_the_old_export_stays(completed, workspace: Workspace, tito):
    completed.edit("scale", lambda source: source.replace("x * factor", "x + factor"))
    before = everything(workspace)
    answer = tito("module", "complete", "scale")
    assert answer.code == 1
    for expected in ("scale: 'two numbers'", "called scale(", "got ", "expected ", "Nothing was exported"):
        assert expected in answer.err
    assert everything(workspace) == before


def test_complete_keeps_the_previous_export_and_never_touches_the_notebook(completed, workspace: Workspace, tito):
    first = workspace.exported("scale").read_text()
    completed.edit("scale", lambda source: source.replace("x * factor", "factor * x"))
    notebook = completed.path.read_bytes(), completed.path.stat().st_mtime_ns
    answer = tito("module", "complete", "scale", "--json")
    assert answer.json["changed"] is True
    assert workspace.previous("scale").read_text() == first
    assert "factor * x" in workspace.exported("scale").read_text()
    assert (completed.path.read_bytes(), completed.path.stat().st_mtime_ns) == notebook


def test_completing_twice_changes_nothing(completed, workspace: Workspace, tito):
    stamp = workspace.exported("scale").stat().st_mtime_ns
    assert tito("module", "complete", "scale", "--json").json["changed"] is False
    assert workspace.exported("scale").stat().st_mtime_ns == stamp


def test_a_later_module_runs_on_the_student_s_own_earlier_one(completed, started, workspace: Workspace, tito):
    """shift's tests see the marker in the student's own scale.py."""
    completed.edit("scale", lambda source: source.replace("x * factor", "x * factor * MARK") + "\n\nMARK = 1.0\n")
    assert tito("module", "complete", "scale").code == 0
    notebook = started("shift")
    notebook.solve()
    notebook.edit(
        "shift", lambda source: source + "\n\nimport tinytorch.core.scale\nassert tinytorch.core.scale.MARK == 1.0\n"
    )
    answer = tito("module", "complete", "shift")
    assert answer.code == 0, answer.err


def test_reset_keeps_a_copy_and_the_export(completed, workspace: Workspace, tito):
    mine, exported = completed.path.read_bytes(), workspace.exported("scale").read_bytes()
    answer = tito("module", "reset", "scale", "--yes", "--json")
    assert Path(answer.json["copy"]).read_bytes() == mine
    assert completed.path.read_bytes() == workspace.release("scale").read_bytes()
    assert workspace.exported("scale").read_bytes() == exported
    again = tito("module", "reset", "scale", "--yes", "--json")
    assert again.json["copy"] != answer.json["copy"]


def test_start_leaves_a_notebook_alone_and_says_what_is_missing(started, workspace: Workspace, tito):
    notebook = started("shift")
    notebook.path.write_text("mine")
    answer = tito("module", "start", "shift", "--json")
    assert answer.json == {"module": "shift", "notebook": str(notebook.path), "created": False, "missing": ["scale"]}
    assert notebook.path.read_text() == "mine"


def test_start_generates_the_release_where_the_course_tree_is(workspace: Workspace, course, tito):
    assert tito("module", "start", "scale").code == 0
    assert workspace.notebook("scale").read_bytes() == workspace.release("scale").read_bytes()
    assert "exercise 'scale' is not solved yet" in workspace.notebook("scale").read_text()


@pytest.mark.parametrize("beside", ["", "elsewhere"])
def test_start_prints_a_path_that_opens_from_the_current_folder(
    beside, workspace: Workspace, course, tito, monkeypatch
):
    here = workspace.package.parent / beside
    here.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(here)
    printed = tito("module", "start", "scale").out.splitlines()[0].rpartition(" ")[2]
    assert (here / printed).samefile(workspace.notebook("scale"))
    assert Path(printed).is_absolute() == bool(beside)


def test_start_prefers_the_fetched_release(workspace: Workspace, course, tito):
    workspace.release("scale").parent.mkdir(parents=True)
    workspace.release("scale").write_text("as fetched")
    assert tito("module", "start", "scale").code == 0
    assert workspace.notebook("scale").read_text() == "as fetched"


def states(tito) -> dict[str, str]:
    return {row["module"]: row["state"] for row in tito("module", "status", "--json").json}


def test_status_tells_every_state(completed, started, workspace: Workspace, tito):
    assert states(tito)["scale"] == "completed"
    assert states(tito)["affine"] == "released"
    assert states(tito)["later"] == "not written"
    started("shift")
    assert states(tito)["shift"] == "started"
    completed.edit("scale", lambda source: source.replace("x * factor", "factor * x"))
    assert states(tito)["scale"] == "changed"
    assert tito("status").out.endswith("Next: tito module complete scale\n")


def test_status_survives_a_damaged_memory(completed, workspace: Workspace, tito):
    (workspace.memory / "scale.json").write_text("{")
    assert states(tito)["scale"] == "completed"


def test_test_shows_every_visible_check_and_no_hidden_one(started, tito):
    notebook = started("scale")
    notebook.solve("scale")
    answer = tito("module", "test", "scale")
    assert answer.code == 1
    assert "passed  scale: two numbers" in answer.out
    assert "open    halve: not solved yet" in answer.out
    assert "random numbers" not in answer.out
    assert "15 of 25 points" in answer.out
    result = tito("module", "test", "scale", "--json")
    assert result.code == 1
    assert [check["title"] for exercise in result.json["exercises"] for check in exercise["checks"]] == [
        "two numbers",
        "one number",
    ]
    assert json.dumps(result.json)  # it is plain data


def test_the_reference_passes_and_the_release_passes_nothing(started, tito, curriculum):
    for module in curriculum.written:
        notebook = started(module.slug)
        untouched = tito("module", "test", module.slug, "--json")
        assert untouched.code == 1
        assert untouched.json["points"] == 0
        notebook.solve()
        answer = tito("module", "complete", module.slug)
        assert answer.code == 0, answer.err


def test_a_release_that_login_put_there_is_not_started_before_it_is_touched(workspace: Workspace, course, tito):
    for path in (workspace.release("scale"), workspace.notebook("scale")):
        path.parent.mkdir(parents=True)
        path.write_text("as fetched")
    assert states(tito)["scale"] == "released"
    workspace.notebook("scale").write_text("touched")
    assert states(tito)["scale"] == "started"


def test_start_of_a_fetched_notebook_is_remembered(workspace: Workspace, course, tito):
    for path in (workspace.release("scale"), workspace.notebook("scale")):
        path.parent.mkdir(parents=True)
        path.write_text("as fetched")
    assert tito("module", "start", "scale").code == 0
    assert states(tito)["scale"] == "started"


def test_an_unlocked_module_is_shown_as_such_until_it_is_completed(completed, workspace: Workspace, tito):
    moment = "2999-01-01T00:00:00+00:00"
    workspace.remember("scale", completed=moment, unlocked=moment)
    assert states(tito)["scale"] == "unlocked"
    workspace.remember("scale", unlocked="2000-01-01T00:00:00+00:00")
    assert states(tito)["scale"] == "completed"


def test_a_course_that_cannot_be_reached_costs_one_line(
    completed, tito, monkeypatch: pytest.MonkeyPatch, unused_port: int
):
    monkeypatch.setenv("EXCHANGE_URL", f"http://127.0.0.1:{unused_port}/services/exchange")
    monkeypatch.setenv("EXCHANGE_COURSE", "tiny")
    monkeypatch.setenv("COURSE_TOKEN", "none")
    answer = tito("module", "test", "scale")
    assert answer.code == 0
    assert answer.err.startswith("Could not report to the course that scale was tested: ")
    assert "Dates are not shown: " in tito("status").out
