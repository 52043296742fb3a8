"""No public name that a worker can import solves an exercise of the module that is judged there."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.modules.judging import CURRICULUM

pytestmark = pytest.mark.modules

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("module", CURRICULUM.written, ids=lambda module: module.slug)
def test_no_word_is_an_answer(module):
    command = [sys.executable, "-m", "tests.modules.words_as_answers", module.slug]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    looked_at, *passed = result.stdout.splitlines()
    assert int(looked_at.split()[0]) > 1000 and passed == []
