"""A class of 300 in three sections with 20 TAs, in a browser: how long each page takes, and that every step succeeds.

Pictures of all pages go to the folder named by E2E_PICTURES. Six students submit; each page shows all 300.
"""

import os
import tempfile
from pathlib import Path

from playwright.sync_api import expect
from tito.semester.demo import Size

from tests.e2e import class_walk as steps
from tests.e2e.browser import chromium, person
from tests.e2e.hub import RunningHub
from tests.e2e.large_class import write_class

IS_CLIENT = True  # this process measures others, so it must have time left
SIZE = Size(students=300, tas=20, sections=3)
HAND_IN, WEAK = 6, 2  # and how many of these leave an exercise unsolved
PATIENCE_MILLISECONDS = 120_000  # the time of a page is measured, but has no limit
PEOPLE = ("ida", "ada", "tom", "ta02")


def run(report) -> None:
    """Take the steps, and report each page's seconds, the slowest first."""
    with tempfile.TemporaryDirectory() as scratch:
        semester = write_class(Path(scratch) / "semester", SIZE)
        hub = RunningHub("local", Path(scratch) / "var", extra={"HUB_SEMESTER": str(semester)})
        hub.start()
        try:
            seconds = walk(hub)
        finally:
            hub.stop()
    for name, taken in sorted(seconds.items(), key=lambda each: -each[1]):
        report.measure(f"page {name}, class of {SIZE.students}", taken, "s")


def walk(hub: RunningHub) -> dict[str, float]:
    """Take every step; return how long each page took."""
    pictures = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None
    walking, passwords = steps.Walk(hub), hub.passwords()
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with chromium() as browser:
        ida, ada, tom, eve = (person(browser, name, hub.url, pictures) for name in PEOPLE)
        for somebody in (ida, ada, tom, eve):
            somebody.page.set_default_timeout(PATIENCE_MILLISECONDS)
            somebody.log_in(passwords[somebody.name])
        steps.upload_a_roster(walking, ida)
        steps.give_more_time(walking, ida, ada)
        steps.take_the_correction(walking, ida, ada)
        steps.hand_in_and_grade(walking, ida, ada, [f"s{number:04d}" for number in range(4, 3 + HAND_IN)])
        steps.share_the_reading(walking, ida, (tom.name, eve.name))
        steps.read_side_by_side(walking, tom, eve)
        steps.void_and_restore(walking, ida, "infer_shape", WEAK)
    return walking.seconds
