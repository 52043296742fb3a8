"""A gradebook that this project begins is the one that nbgrader makes."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from tito.gradebook.file import FILE_NAME, gradebook_url, open_or_make
from tito.running_nbgrader import begin_gradebook, put_programs_on_path

pytestmark = pytest.mark.service


def everything(course_dir: Path) -> list[tuple]:
    """The tables, indexes and the version of a gradebook, as they lie there."""
    with closing(sqlite3.connect(course_dir / FILE_NAME)) as database:
        tables = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        return (
            sorted((*each[:3], str(each[3]).rstrip(";")) for each in tables)
            + database.execute("SELECT * FROM alembic_version").fetchall()
        )


def test_a_new_gradebook_is_what_nbgrader_would_have_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """And nbgrader starts no `alembic` for it: there is none on PATH."""
    (tmp_path / "theirs").mkdir()
    put_programs_on_path()
    Gradebook(gradebook_url(tmp_path / "theirs"), "c").close()
    monkeypatch.setenv("PATH", str(tmp_path))
    with open_or_make(tmp_path / "ours", "c") as gradebook:
        assert gradebook.assignments == []
    assert everything(tmp_path / "ours") == everything(tmp_path / "theirs")
    assert [path.name for path in (tmp_path / "ours").iterdir()] == [FILE_NAME]


def test_a_gradebook_that_is_there_stays(tmp_path: Path):
    with open_or_make(tmp_path, "c") as gradebook:
        gradebook.add_student("ada")
    before = everything(tmp_path)
    begin_gradebook(gradebook_url(tmp_path))
    with open_or_make(tmp_path, "c") as gradebook:
        assert [student.id for student in gradebook.students] == ["ada"]
    assert everything(tmp_path) == before
