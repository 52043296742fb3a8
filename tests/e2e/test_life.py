"""From the released notebook to the score and its comments, in Chromium, against a real Hub."""

import pytest

from tests.e2e import life
from tests.e2e.browser import chromium, person
from tests.e2e.hub import RunningHub

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_modules_whole_life(hub: RunningHub):
    """Student, instructor and TA take every step; each sees what the one before her did."""
    passwords = hub.passwords()
    with chromium() as browser:
        people = [person(browser, name, hub.url) for name in ("ada", "tom", "ida")]
        for somebody in people:
            somebody.log_in(passwords[somebody.name])
        life.walk(*people)
        assert [somebody.dialogs for somebody in people] == [[], [], []]
