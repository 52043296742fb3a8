"""The end-to-end tests of the local place run unchanged in the docker place, with this folder's fixture `hub`."""

import pytest

from tests.e2e.test_life import test_a_modules_whole_life
from tests.e2e.test_restart import (
    chen,
    test_a_second_start_finds_everything,
    test_killed_programs_lose_nothing_and_the_browser_goes_on,
)

__all__ = [
    "chen",
    "test_a_modules_whole_life",
    "test_a_second_start_finds_everything",
    "test_killed_programs_lose_nothing_and_the_browser_goes_on",
]
pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(1500)]
