"""A real Hub with exchange, grading and formgrader for these tests, on a small course."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.grading_service.place import hub_on_small_course


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    with hub_on_small_course(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    """Wait until a condition is true, and return its value."""

    def wait(condition: Callable[[], Any], seconds: float = 90.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, f"{condition} did not become true in {seconds:g} s"
            time.sleep(0.05)
        return found

    return wait
