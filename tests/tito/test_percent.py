"""The percent format: the same cells as Jupytext reads, with line numbers."""

from pathlib import Path

import jupytext
import pytest
from tito.curriculum import load_curriculum
from tito.errors import FindingsError
from tito.source.percent import parse_percent, read_percent

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    module.source
    for course in (ROOT / "course", ROOT / "tests" / "tiny_course")
    for module in load_curriculum(course).written
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_cells_are_those_of_jupytext(source: Path):
    theirs = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent").cells
    ours = read_percent(source)
    assert [(cell.kind, cell.source) for cell in ours] == [(cell.cell_type, cell.source) for cell in theirs]
    assert [cell.nbgrader for cell in ours] == [cell.metadata.get("nbgrader", {}) for cell in theirs]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_cell_knows_the_line_where_it_begins(source: Path):
    lines = source.read_text(encoding="utf-8").split("\n")
    for cell in read_percent(source):
        first = cell.source.split("\n")[0]
        assert first in lines[cell.line - 1], f"cell {cell.number} does not begin at line {cell.line}"


def test_a_yaml_header_is_no_cell_and_counts_its_lines():
    text = "# ---\n# jupyter:\n#   x: 1\n# ---\n\n# %%\na = 1\n"
    (cell,) = parse_percent(text, Path("x.py"))
    assert (cell.kind, cell.source, cell.line) == ("code", "a = 1", 7)


def test_directives_are_read_from_the_top_of_a_cell():
    (cell,) = parse_percent("# %%\n#| default_exp core.x\n#| export\na = 1\n#| late\n", Path("x.py"))
    assert cell.directives() == {"default_exp": "core.x", "export": ""}


def test_wrong_metadata_are_told_with_their_line():
    with pytest.raises(FindingsError, match=r"x.py:3: cell metadata must be key=JSON"):
        parse_percent("# %%\na = 1\n# %% nbgrader={grade_id: 1}\n", Path("x.py"))
