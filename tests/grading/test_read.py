"""Intake: whatever arrives, it yields cells to judge or a reason that its author can act on, never an exception."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tito.checks.answers import find_answers
from tito.judge.plans import plan_of
from tito.judge.read import NoSubmission, read_submission
from tito.source.percent import Cell

from tests.examples import examples

numbers = st.integers() | st.floats()
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
CODE = [
    "def add(a, b):\n    return 1\n",
    "def add(a, b)\n",
    "x = 1\ny = x + 1\n",
    "%%time\ndef mean(boxes): return 0\n",
    "import os\nclass Box: pass\n",
    "raise NotImplementedError(\"exercise 'add' is not solved yet: write it\")",
    "add = mean = halves = 3",
    "\ud800",
    "\0",
    "",
]
cells = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw"]) | json_values,
        "source": st.sampled_from(CODE) | st.lists(st.sampled_from(CODE), max_size=2) | json_values,
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "nbgrader": st.fixed_dictionaries(
                    {}, optional={"grade_id": st.sampled_from(["add", "mean", "test_add", "nobody"]) | json_values}
                )
                | json_values
            },
        )
        | json_values,
        "outputs": json_values,
    },
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "nbformat": json_values,
        "cells": st.lists(cells | json_values, max_size=6) | json_values,
        "worksheets": json_values,
    },
)


def cells_or_reason(folder: Path) -> list[Cell]:
    try:
        return read_submission(folder, "boxes").cells
    except NoSubmission as refused:
        assert str(refused)
        return []


@given(documents | json_values)
@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_is_read_or_refused_and_its_answers_are_found(tmp_path: Path, curriculum, document):
    (tmp_path / "boxes.ipynb").write_text(json.dumps(document))
    found = cells_or_reason(tmp_path)
    answers = find_answers(plan_of(curriculum.find("boxes")), found)
    assert answers.tried <= {"add", "mean", "halves", "descend"}


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path: Path, data):
    (tmp_path / "boxes.ipynb").write_bytes(data)
    cells_or_reason(tmp_path)


@given(
    st.lists(st.sampled_from(["a.ipynb", "boxes.IPYNB", "boxes (2).ipynb", "b.json", "c.txt", "boxes.py"]), unique=True)
)
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_set_of_names_is_read_or_refused(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("names")
    for name in names:
        (folder / name).write_text('{"cells": [{"cell_type": "code", "source": "x = 1"}], "nbformat": 4}')
    cells_or_reason(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(NoSubmission, match=r"submit boxes\.ipynb"):
        read_submission(tmp_path / "nothing", "boxes")


def test_names_that_are_no_text_do_no_harm(tmp_path: Path):
    (tmp_path / os.fsdecode(b"\xff\xfe.ipynb")).write_text("{}")
    with pytest.raises(NoSubmission) as refused:
        read_submission(tmp_path, "boxes")
    str(refused.value).encode()
    (tmp_path / "boxes.ipynb").write_text('{"cells": [{"cell_type": "code", "source": "x"}], "nbformat": 4}')
    (note,) = read_submission(tmp_path, "boxes").notes
    assert "was ignored" in note.text.encode().decode()
