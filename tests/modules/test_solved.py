"""Notebooks that newcomers solved from the release alone: each gets all points and has a complete record."""

import json
from pathlib import Path

import pytest
import yaml

from tests.modules.judging import CURRICULUM, judge_text, points

pytestmark = pytest.mark.modules

SOLVED = sorted((Path(__file__).parent / "solved").iterdir())
every_notebook = pytest.mark.parametrize("folder", SOLVED, ids=lambda folder: folder.name)


def module_of(folder: Path):
    return next(module for module in CURRICULUM.written if module.slug == folder.name.partition("_")[2])


@every_notebook
def test_a_newcomers_notebook_gets_all_points(folder, tmp_path):
    text = (folder / "notebook.ipynb").read_text(encoding="utf-8")
    checks = judge_text(module_of(folder), text, tmp_path)
    assert [(check.title, check.why) for check in checks if not check.passed] == []
    assert points(checks) == 90


@every_notebook
def test_its_record_names_attempts_and_hours(folder):
    module = module_of(folder)
    record = yaml.safe_load((folder / "attempts.yaml").read_text(encoding="utf-8"))
    tried = [attempt["exercise"] for attempt in record["attempts"]]
    assert set(tried) == {exercise.name for exercise in module.exercises}
    assert all(tried.count(exercise.name) >= 2 for exercise in module.exercises)
    assert {attempt["message"] for attempt in record["attempts"]} <= {"names", "neutral", "misleads", "passes"}
    assert record["minutes"] <= 60 * 3


@every_notebook
def test_it_is_kept_without_outputs(folder):
    notebook = json.loads((folder / "notebook.ipynb").read_text(encoding="utf-8"))
    assert all(not cell.get("outputs") for cell in notebook["cells"])
