"""ARCHITECTURE.md matches the tree: its tables list the folders that exist, and its lines are short enough to read."""

import re
from pathlib import Path

import pytest

from tests.test_import_law import AUDIENCE, LAW, ROOT

TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
LONGEST_LINE = 120
LONGEST_DECISION = 5  # lines: what was decided, why, and what else was considered
NOT_OURS = {"build", "var", "var-deploy", "node_modules", "dist", "__pycache__"}  # generated; see .gitignore


def folders(below: Path) -> set[str]:
    """Name the folders with hand-written files, in the way the tables write them."""
    return {
        f"{path.name}/"
        for path in below.iterdir()
        if path.is_dir() and not path.name.startswith(".") and path.name not in NOT_OURS
        and not path.name.endswith(".egg-info")
        and any(file.is_file() and file.suffix != ".pyc" for file in path.rglob("*"))  # left behind by a moved room
    }  # fmt: skip


def table(heading: str) -> dict[str, list[str]]:
    """Read the table whose first column is called `heading`; map each first cell to the other cells."""
    lines = TEXT[TEXT.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {row[0]: row[1:] for row in rows}


def named(cell: str) -> set[str]:
    return set(re.findall(r"`([\w/]+/)`", cell))


def test_the_table_of_rooms_is_the_tree():
    here = folders(ROOT) - {"course/"} | {f"course/{name}" for name in folders(ROOT / "course")}
    assert {f"`{name}`" for name in here} == set(table("room"))


@pytest.mark.parametrize("room", ["exchange", "hub_config"])
def test_a_room_s_line_names_its_folders(room: str):
    with_code = {f"{path.parent.name}/" for path in (ROOT / room).glob("*/*.py")}
    assert named(table("room")[f"`{room}/`"][0]) == with_code


def test_the_table_of_tito_s_rooms_is_the_tree_and_says_who_has_each():
    rooms = {name: row for name, row in table("room of `tito`").items() if name != "top level"}
    assert set(rooms) == {f"`{name}`" for name in folders(ROOT / "course" / "tito")}
    for name, (_, who) in rooms.items():
        assert set(who.split(", ")) == AUDIENCE.get(f"tito/{name.strip('`/')}", set()) | {"staff"}, name


def test_each_room_of_tito_imports_rooms_above_it_only():
    order = [name.strip("`/") for name in table("room of `tito`")]
    for room in order[1:]:
        below = {name.removeprefix("tito.") for name in LAW[f"tito.{room}"] if name.startswith("tito.")}
        assert below <= set(order[: order.index(room)]), room


def test_the_table_of_tests_is_the_tree():
    assert set.union(*(named(cell) for cell in table("folder of `tests/`"))) == folders(ROOT / "tests")


def test_the_picture_shows_every_room_that_runs():
    picture = TEXT.split("```")[1]
    for room in ("sign_in", "spawners", "home", "server", "service", "client", "nbgrader_plugin", *_rooms_that_run()):
        assert f"{room}/" in picture, room


def _rooms_that_run() -> list[str]:
    """Name tito's rooms, except those used only to make a course."""
    made_with = {"curriculum", "source", "staff"}
    return [room.removeprefix("tito.") for room in LAW if room.startswith("tito.") and room[5:] not in made_with]


def test_a_person_can_read_its_lines():
    text = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
    assert [line for line in text.splitlines() if len(line) > LONGEST_LINE and not line.startswith("|")] == []


def test_a_person_can_read_each_decision_at_a_glance():
    decisions = re.findall(r"^- .*\n(?:  .*\n)*", TEXT[TEXT.index("## Decisions") :], flags=re.MULTILINE)
    assert decisions
    assert [each for each in decisions if each.count("\n") > LONGEST_DECISION] == []
