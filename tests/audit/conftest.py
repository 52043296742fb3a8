"""The worker's environment as the checkout has it."""

from pathlib import Path

import pytest
from tito.judge.sandbox.bubblewrap import ENVIRONMENT_NAME
from tito.staff.environments import make_environments

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def worker_environment() -> Path:
    """Judge with the code that is tested."""
    made = make_environments(CHECKOUT, CHECKOUT / "course", kinds=("worker",))["worker"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENVIRONMENT_NAME, str(made))
        yield made
