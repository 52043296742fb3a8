"""What the semester service tells everybody in the course about a module: no text of ABOUT.md that is for staff."""

import re
from pathlib import Path

import pytest
from tito.curriculum import Module, load_curriculum
from tito.semester.service.module_view import FOR_STAFF, about_for_students, module_view

COURSE = Path(__file__).parents[2] / "course"
REAL = load_curriculum(COURSE)


def about(folder: Path, text: str, summary: str = "What it does.") -> str:
    (folder / "ABOUT.md").write_text(text, encoding="utf-8")
    return about_for_students(Module(1, "scale", "Scale", "arrays", 1, (), summary, folder=folder))


TABLE = "| part | exercise |\n| --- | --- |\n| 1 | `scale` |"


def test_students_read_up_to_the_table_of_parts_without_what_the_page_has_already(tmp_path):
    text = f"# Scale\n\nWhat it\ndoes.\n\nWhy one wants it.\n\n{TABLE}\n\nThe fault in `Hasty` is the mask.\n"
    assert about(tmp_path, text) == f"Why one wants it.\n\n{TABLE}"


def test_without_a_table_students_read_the_first_paragraph(tmp_path):
    assert about(tmp_path, "# Scale\n\nMultiply.\n\nThe experiment gives 96.8 %.\n") == "Multiply."


def test_nothing_for_staff_is_read_wherever_it_stands(tmp_path):
    assert about(tmp_path, f"# Scale\n\nMultiply.\n\n{FOR_STAFF}: a secret.\n\n{TABLE}\n") == "Multiply."
    assert about(tmp_path, f"# Scale\n\n{FOR_STAFF}: a secret.\n") == ""


def test_a_module_without_the_file_has_nothing_to_say(tmp_path):
    assert about_for_students(Module(1, "scale", "Scale", "arrays", 1, (), "", folder=tmp_path)) == ""
    assert about_for_students(Module(1, "scale", "Scale", "arrays", 1, (), "")) == ""


@pytest.mark.parametrize("module", REAL.written, ids=lambda module: module.slug)
def test_of_the_courses_modules_no_word_below_the_table_is_told(module: Module):
    view = module_view(REAL, module)
    text = (module.source.parent / "ABOUT.md").read_text(encoding="utf-8")
    told = view["about"]
    assert "staff" not in told.lower() and "mistake" not in told.lower()
    assert ("|" in told) == ("\n|" in text), "the table of parts is shown where there is one"
    assert not re.search(r"\d\d\.\d %", told), "results of experiments are for whoever has made them"
    assert sum(row["points"] for row in view["exercises"] + view["written"]) == 100


def test_milestones_ahead_are_those_that_need_the_module_in_order():
    view = module_view(REAL, REAL.find("spatial"))
    years = [row["year"] for row in view["milestones"]]
    assert years == sorted(years) and 1998 in years and 1958 not in years
    assert all("spatial" in row["needs"] for row in view["milestones"])
