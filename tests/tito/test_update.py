"""A module is corrected while students work on it: they get the course's new cells, and nothing they wrote is lost."""

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tito.history.correcting import plan_correction, take_correction
from tito.history.keeping import keep_notebook
from tito.history.updating import HEADING_ID, updated
from tito.history.versions import History
from tito.workspace import Workspace

from exchange.client import fetching

Edit = Callable[[list[dict]], None]


def cell(source: str, name: str = "", kind: str = "code", number: int = 0, **nbgrader: object) -> dict:
    """Make a cell as in a release; without name and number, as JupyterLab makes one."""
    marks = {"nbgrader": {"grade_id": name, "schema_version": 3, **nbgrader}, "deletable": False} if name else {}
    made = {"cell_type": kind, "id": name or (f"cell-{number:03d}" if number else f"u{abs(hash(source))}"),
            "metadata": marks, "source": source}  # fmt: skip
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def answer(source: str, name: str, kind: str = "code") -> dict:
    return cell(source, name, kind, solution=True, locked=False, grade=kind == "markdown")


def checks_of(source: str, name: str) -> dict:
    return cell(source, f"test_{name}", solution=False, locked=True, grade=True)


def notebook(cells: list[dict]) -> dict:
    return {"cells": cells, "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}


FIRST = notebook([
    cell("# Scale", kind="markdown", number=1),
    cell("import numpy as np", number=2),
    answer("def scale(x): raise NotImplementedError", "scale"),
    checks_of("assert scale(1) == 3  # faulty", "scale"),
    cell("scale(1)  # try it", number=5),
    answer("def halve(x): raise NotImplementedError", "halve"),
    checks_of("assert halve(2) == 1", "halve"),
    answer("Write here.", "why", "markdown"),
])  # fmt: skip


def release(edit: Edit) -> dict:
    made = copy.deepcopy(FIRST)
    edit(made["cells"])
    return made


def corrected(cells: list[dict]) -> None:
    """Correct the faulty test and a text, and insert a cell, which changes the numbers of those below."""
    cells[0]["source"] = "# Scale, by a factor"
    cells[3] = checks_of("assert scale(1) == 2", "scale")
    cells.insert(2, cell("## Hint", kind="markdown", number=3))
    cells[5]["id"] = "cell-006"


def solved(cells: list[dict]) -> None:
    """Do what a student does: answer, write a text, change an example, add two cells, and run a test."""
    cells[2]["source"] = "def scale(x): return 2 * x"
    cells[3]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "failed"}]
    cells[4]["source"] = "scale(21)  # mine"
    cells[7]["source"] = "Because of units."
    cells.insert(3, cell("print('my scratch')"))
    cells.insert(0, cell("My notes", kind="markdown"))


CORRECTED, MINE = release(corrected), release(solved)


def sources(nb: dict) -> list[str]:
    return [each["source"] for each in nb["cells"]]


def test_given_cells_come_and_answers_and_own_cells_stay_at_their_places():
    found = updated(MINE, CORRECTED, [FIRST])
    assert sources(found.notebook) == [
        "My notes", "# Scale, by a factor", "import numpy as np", "## Hint", "def scale(x): return 2 * x",
        "print('my scratch')", "assert scale(1) == 2", "scale(21)  # mine",
        "def halve(x): raise NotImplementedError", "assert halve(2) == 1", "Because of units.",
    ]  # fmt: skip
    told = {each.cell.name or each.cell.source: (each.then is not None, each.now is not None) for each in found.changes}
    assert told == {"# Scale, by a factor": (True, True), "test_scale": (True, True), "## Hint": (True, False)}
    assert found.at_end == []
    ids = [each["id"] for each in found.notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert found.notebook["cells"][6]["outputs"] == []  # the faulty test's output does not belong to the new test


def test_a_second_time_there_is_nothing_to_do():
    once = updated(MINE, CORRECTED, [FIRST, CORRECTED]).notebook
    again = updated(once, CORRECTED, [FIRST, CORRECTED])
    assert (again.is_needed, again.notebook["cells"]) == (False, once["cells"])


def test_a_stub_that_nobody_has_touched_is_corrected_and_an_answer_to_it_is_kept_and_told():
    new = release(lambda cells: [each.update(source=each["source"] + "  # by two") for each in (cells[2], cells[5])])
    found = updated(MINE, new, [FIRST])
    assert {"def scale(x): return 2 * x", "def halve(x): raise NotImplementedError  # by two"} <= set(
        sources(found.notebook)
    )
    assert found.other_task == ["scale"]


def renamed(cells: list[dict]) -> None:
    cells[2:4] = [answer("def stretch(x): raise NotImplementedError", "stretch"), checks_of("stretch(1)", "stretch")]
    del cells[-1]


def test_answers_of_exercises_that_are_gone_are_kept_at_the_end_as_cells_of_their_own():
    found = updated(MINE, release(renamed), [FIRST])
    assert found.at_end == ["scale", "why"]
    assert sources(found.notebook)[-2:] == ["def scale(x): return 2 * x", "Because of units."]
    assert [each["id"] for each in found.notebook["cells"]].count(HEADING_ID) == 1
    assert all("nbgrader" not in each["metadata"] for each in found.notebook["cells"][-3:])
    assert not any("faulty" in text for text in sources(found.notebook))
    again = updated(found.notebook, release(renamed), [FIRST, release(renamed)])
    assert not again.is_needed


def test_removed_cells_come_back_and_copies_of_an_answer_stay_beside_it():
    mine = copy.deepcopy(MINE)
    mine["cells"] = [each for each in mine["cells"] if each["id"] != "test_halve"]
    mine["cells"].append(answer("scale = None", "scale"))
    found = sources(updated(mine, CORRECTED, [FIRST]).notebook)
    assert "assert halve(2) == 1" in found
    assert found.index("scale = None") == found.index("print('my scratch')") + 1


@pytest.mark.parametrize("known", [[], [FIRST]], ids=["no release is known", "the release is known"])
@pytest.mark.parametrize("new", [CORRECTED, release(renamed), notebook([])], ids=["corrected", "renamed", "empty"])
def test_nothing_that_a_student_wrote_is_ever_lost(known: list[dict], new: dict):
    given = set(sources(FIRST))
    for without_ids in (False, True):
        mine = copy.deepcopy(MINE)
        for each in mine["cells"] if without_ids else ():
            del each["id"]
        found = set(sources(updated(mine, new, known).notebook))
        assert {text for text in sources(mine) if text not in given} <= found


def home_of(workspace: Workspace, mine: bytes) -> Path:
    for path, text in (
        (workspace.release("scale"), json.dumps(CORRECTED).encode()),
        (workspace.notebook("scale"), mine),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    return workspace.notebook("scale")


def test_a_notebook_that_can_t_be_read_gets_the_answers_of_the_newest_version(workspace: Workspace):
    path = home_of(workspace, json.dumps(MINE).encode())
    keep_notebook(workspace, "scale", "saved")
    path.write_bytes(b'{"cells": [tr')
    correction = plan_correction(workspace, "scale")
    assert (correction.damaged, correction.version.number if correction.version else 0) == (True, 1)
    undo = take_correction(workspace, "scale", correction)
    assert "def scale(x): return 2 * x" in sources(json.loads(path.read_bytes()))
    assert History(workspace, "scale").read(undo) == b'{"cells": [tr'


def test_the_command_shows_changes_and_undoes(workspace: Workspace, course: Path, tito):
    """Take a module of the course that was corrected after it was begun: plan, update, update again, and undo."""
    assert tito("module", "start", "scale").code == 0
    path, fresh = workspace.notebook("scale"), workspace.release("scale")
    mine = json.loads(path.read_text("utf-8"))
    next(each for each in mine["cells"] if each["id"] == "scale")["source"] = "#| export\ndef scale(x): return 2 * x"
    path.write_text(json.dumps(mine), "utf-8")
    before = path.read_bytes()
    new = json.loads(fresh.read_text("utf-8"))
    next(each for each in new["cells"] if each["id"] == "test_scale")["source"] = "# corrected"
    keep_as_replaced(workspace, fresh.parent, new)

    plan = tito("module", "update", "scale", "--plan", "--json").json
    assert [(each["cell"], each["what"]) for each in plan["changes"]] == [("test_scale", "is corrected")]
    assert path.read_bytes() == before and not plan["changed"]
    done = tito("module", "update", "scale", "--yes")
    assert "(test_scale): is corrected" in done.out and "+# corrected" in done.out
    text = path.read_text("utf-8")
    assert "return 2 * x" in text and "# corrected" in text
    again = tito("module", "update", "scale", "--json").json
    assert (again["needed"], again["changed"]) == (False, False)
    number = done.out.rsplit(maxsplit=1)[-1]
    assert tito("module", "restore", "scale", number, "--yes").code == 0
    assert path.read_bytes() == before


def keep_as_replaced(workspace: Workspace, folder: Path, new: dict) -> None:
    """Replace the fetched release by a corrected one, as a fetch does."""
    fresh = folder.with_name("fresh")
    fresh.mkdir()
    (fresh / "scale.ipynb").write_text(json.dumps(new), "utf-8")
    fetching._keep_earlier(folder.parent, "scale", fresh)
    fetching.replace_folder(fresh, folder)
    assert len(workspace.replaced_releases("scale")) == 1
