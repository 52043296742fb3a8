"""The worker's environment, built from this checkout."""

from pathlib import Path

import pytest
from tito.judge.sandbox.bubblewrap import ENVIRONMENT_NAME
from tito.staff.environments import make_environments

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def worker_environment() -> Path:
    """Judge with the code under test."""
    made = make_environments(CHECKOUT, CHECKOUT / "course", kinds=("worker",))["worker"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENVIRONMENT_NAME, str(made))
        yield made
