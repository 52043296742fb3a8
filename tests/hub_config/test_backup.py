"""A backup restores the same content; an incomplete backup, or a place that is not empty, is refused."""

import json
import re
import sqlite3
import stat

import pytest
from click.testing import CliRunner

from hub_config.checks import NotReady
from hub_config.cli import cli
from hub_config.run.backup import DONE, back_up, restore
from hub_config.run.kept_backups import LAST, make
from hub_config.settings import load_settings


def settings_at(var, semester):
    return load_settings({"HUB_VAR": str(var), "HUB_SEMESTER": str(semester)})


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "semester.yaml").write_text("course: tiny-2026\n")
    settings = settings_at(tmp_path / "var", tmp_path / "semester.yaml")
    for folder in ("secrets", "exchange/blobs", "homes/ada/tensor", "log", "hub"):
        (settings.var / folder).mkdir(parents=True)
    (settings.var / "secrets" / "cookie-secret").write_text("abc")
    (settings.var / "secrets" / "cookie-secret").chmod(0o600)
    (settings.var / "exchange" / "blobs" / "one").write_bytes(b"\0\1")
    (settings.var / "homes" / "ada" / "tensor" / "tensor.ipynb").write_text("{}")
    (settings.var / "log" / "hub.log").write_text("words")
    return settings


def rows(path) -> list:
    database = sqlite3.connect(path)
    try:
        return database.execute("select * from seen").fetchall()
    finally:
        database.close()


def test_all_comes_back_with_a_database_that_was_being_written(settings, tmp_path):
    path = settings.var / "hub" / "jupyterhub.sqlite"
    writer = sqlite3.connect(path)
    writer.execute("pragma journal_mode=wal")
    writer.execute("create table seen (number)")
    writer.execute("insert into seen values (1)")
    writer.commit()
    writer.execute("insert into seen values (2)")  # not committed, so it must not be in the backup
    try:
        made = back_up(settings, tmp_path / "copy")
    finally:
        writer.close()
    assert made["homes"] == ["ada"]
    assert made["databases"] == ["hub/jupyterhub.sqlite"]
    again = settings_at(tmp_path / "new", tmp_path / "semester.yaml")
    restore(again, tmp_path / "copy")
    assert rows(again.var / "hub" / "jupyterhub.sqlite") == [(1,)]
    assert (again.var / "exchange" / "blobs" / "one").read_bytes() == b"\0\1"
    assert (again.var / "homes" / "ada" / "tensor" / "tensor.ipynb").read_text() == "{}"
    assert stat.S_IMODE((again.var / "secrets" / "cookie-secret").stat().st_mode) == 0o600
    assert not (again.var / "log").exists()
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o700


def test_nothing_is_written_over(settings, tmp_path):
    back_up(settings, tmp_path / "copy")
    with pytest.raises(NotReady, match="already exists"):
        back_up(settings, tmp_path / "copy")
    with pytest.raises(NotReady, match="not empty"):
        restore(settings, tmp_path / "copy")


def test_half_a_copy_is_refused(settings, tmp_path):
    back_up(settings, tmp_path / "copy")
    (tmp_path / "copy" / DONE).unlink()
    with pytest.raises(NotReady, match="not a complete backup"):
        restore(settings_at(tmp_path / "new", tmp_path / "semester.yaml"), tmp_path / "copy")


def test_where_no_hub_has_run_there_is_nothing_to_copy(tmp_path):
    (tmp_path / "semester.yaml").write_text("course: tiny-2026\n")
    with pytest.raises(NotReady, match="nothing to back up"):
        back_up(settings_at(tmp_path / "var", tmp_path / "semester.yaml"), tmp_path / "copy")


def test_a_schedule_keeps_the_newest_and_leaves_alone_what_is_not_its_own(settings, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    for name in ("2026-11-01T030000Z", "2026-11-02T030000Z", "2026-11-03T030000Z", "notes"):
        (elsewhere / name).mkdir(parents=True)
    for name in ("2026-11-01T030000Z", "2026-11-03T030000Z", "notes"):
        (elsewhere / name / DONE).write_text("{}")
    target, made, deleted = make(settings, elsewhere, keep=2)
    assert [each.name for each in deleted] == ["2026-11-01T030000Z"]
    left = {each.name for each in elsewhere.iterdir()}
    assert left == {"2026-11-02T030000Z", "2026-11-03T030000Z", "notes", target.name}
    assert json.loads((settings.var / LAST).read_text()) == {"made_utc": made["made_utc"], "folder": str(target)}


def test_a_restore_tells_how_long_it_took_and_a_backup_where_it_lies(settings, tmp_path):
    """The recovery drill in docs/operator.md: the printed time is the time to recover."""
    environment = {"HUB_VAR": str(settings.var), "HUB_SEMESTER": str(settings.semester)}
    made = CliRunner().invoke(cli, ["backup", str(tmp_path / "elsewhere"), "--keep", "3"], env=environment)
    assert made.exit_code == 0, made.output
    assert "!!! " in made.output and "copy it to another machine" in made.output
    (copy,) = (tmp_path / "elsewhere").iterdir()
    environment["HUB_VAR"] = str(tmp_path / "new")
    back = CliRunner().invoke(cli, ["restore", str(copy)], env=environment)
    assert back.exit_code == 0, back.output
    assert re.search(r"with 1 homes into .*new in \d+ s", back.output)
