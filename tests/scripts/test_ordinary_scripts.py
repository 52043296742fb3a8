"""Ordinary PyTorch scripts run with changed imports and get the same results as under PyTorch.

PyTorch's results are recorded in `recorded.json`; where PyTorch is installed, a test compares the record with them.
`python -m tests.scripts.record` rewrites it.
"""

import json
import warnings

import pytest

from tests.scripts.running import RECORDED, differences, for_tinytorch, run, scripts

SCRIPTS = scripts()
THEIRS = json.loads(RECORDED.read_text(encoding="utf-8"))
every_script = pytest.mark.parametrize("title", SCRIPTS)


@every_script
def test_a_script_finds_what_pytorch_recorded(title):
    assert differences(run(for_tinytorch(SCRIPTS[title])), THEIRS[title]) == []


@pytest.mark.torch
@every_script
def test_the_record_is_what_pytorch_finds(title):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = run(SCRIPTS[title])
    assert differences(json.loads(json.dumps(theirs)), THEIRS[title]) == []


def test_the_imports_are_what_changes():
    source = "import torch\nimport torch.nn as nn\nfrom torch.utils.data import DataLoader\nx = torch.ones(1)\n"
    assert for_tinytorch(source) == (
        "import tinytorch as torch\nimport tinytorch.nn as nn\nfrom tinytorch.utils.data import DataLoader\n"
        "x = torch.ones(1)\n"
    )


def test_a_difference_is_one():
    assert differences([1.0, {"a": 2}], [1.0, {"a": 3}]) == ["result[1]['a']: 2, PyTorch has 3"]
    assert differences([1.0], [1.0, 2.0]) and differences(True, 2) and not differences(1.0, 1.000001)
