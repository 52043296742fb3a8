"""Olympics entries are measured in the sandbox with the reference: two runs agree, and refusals are clear."""

import json
import subprocess
import sys

import numpy as np
import pytest
from tito.curriculum import load_curriculum
from tito.judge.entries import measure
from tito.judge.sandbox.bubblewrap import Bubblewrap
from tito.judge.sandbox.limits import SandboxLimits

import tinytorch
from tests.grading.conftest import CHECKOUT
from tinytorch import nn
from tinytorch.core.olympics import entry_bytes

pytestmark = pytest.mark.service
CURRICULUM = load_curriculum(CHECKOUT / "course")
RNG = np.random.default_rng(0)
HALVES = [(RNG.uniform(size=(50, 8, 8)).astype("float32"), RNG.integers(0, 10, 50)) for _ in range(2)]


@pytest.fixture(scope="module")
def sandbox(worker_environment):
    return Bubblewrap(worker_environment, SandboxLimits())


@pytest.fixture(scope="module")
def entry():
    tinytorch.manual_seed(0)
    return entry_bytes(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))


def test_an_entry_gets_the_same_numbers_twice_and_those_that_its_author_sees(entry, sandbox, tmp_path):
    first, again = (measure(entry, HALVES, CURRICULUM, sandbox) for _ in range(2))
    assert first == again and [found["accepted"] for found in first] == [True, True]
    assert first[0]["digest"] == first[1]["digest"]
    assert first[0]["measures"]["multiplications"] == 640
    for found, (images, labels) in zip(first, HALVES, strict=True):
        np.savez(tmp_path / "images.npz", images=images, labels=labels)
        command = [sys.executable, "-P", "-m", "tinytorch.olympics", str(tmp_path / "images.npz")]
        at_home = json.loads(subprocess.run(command, input=entry, capture_output=True, check=True).stdout)
        assert at_home == found


def test_what_is_no_entry_is_refused_in_words(entry, sandbox):
    for content, why in (
        (b"no entry", "not an .npz file"),
        (entry[:600], "damaged"),
        (bytes(300_000), "at most 262,144"),
    ):
        found = measure(content, HALVES, CURRICULUM, sandbox)
        assert [each["accepted"] for each in found] == [False, False]
        assert all(why in each["why"] for each in found)


def test_an_entry_that_takes_too_much_is_refused_and_leaves_nothing(sandbox, worker_environment):
    tinytorch.manual_seed(0)
    layers = [nn.Conv2d(1, 256, 1), *[nn.GELU() for _ in range(14)], nn.MaxPool2d(8), nn.Flatten(), nn.Linear(256, 10)]
    slow = Bubblewrap(worker_environment, SandboxLimits(cpu_seconds=1))
    many = [(np.zeros((2000, 8, 8), dtype="float32"), np.zeros(2000, dtype=int))]
    found = measure(entry_bytes(nn.Sequential(*layers)), many, CURRICULUM, slow)
    assert [each["accepted"] for each in found] == [False] and "hand in a smaller net" in found[0]["why"]
