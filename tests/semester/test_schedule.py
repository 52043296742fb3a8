"""Releases and collections happen exactly once: on time, or as soon as the service is running again."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import OperationalError
from tito.semester.read import Sources, validate
from tito.semester.service import schedule
from tito.semester.service.database import COLLECT, DONE, PENDING, RELEASE, Table, open_database
from tito.semester.service.schedule import Entry
from tito.semester.service.scheduler import Scheduler

from tests.semester.campus import wait_for
from tests.semester.conftest import ROSTER, SEMESTER

START = datetime(2026, 10, 1, tzinfo=UTC)
RELEASE_SCALE = Entry(datetime(2026, 10, 5, 6, 0, tzinfo=UTC), RELEASE, "scale")


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path):
    engine = open_database(f"sqlite:///{tmp_path / 'semester.db'}")
    yield engine
    engine.dispose()


def put_in_force(engine: Engine, valid) -> schedule.Difference:
    changed = schedule.difference(engine, valid)
    for entry in changed.add:
        schedule.add(engine, valid.semester.course, entry)
    for entry in changed.cancel:
        schedule.cancel(engine, valid.semester.course, entry)
    return changed


def test_migrations_lead_to_the_tables_that_the_code_uses(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_opening_a_database_again_keeps_it(tmp_path):
    url = f"sqlite:///{tmp_path / 'again.db'}"
    first = open_database(url)
    schedule.add(first, "tiny-2026", RELEASE_SCALE)
    first.dispose()
    second = open_database(url)
    assert [row.module for row in schedule.listing(second, "tiny-2026")] == ["scale"]
    assert inspect(second).has_table("alembic_version")
    second.dispose()


def test_a_semester_asks_for_a_release_and_for_collections_when_work_becomes_final(valid):
    due = datetime(2026, 10, 26, 22, 59, tzinfo=UTC)
    extended = datetime(2026, 11, 5, 11, 0, tzinfo=UTC)
    grace, window = timedelta(minutes=15), timedelta(hours=48)
    assert {entry for entry in schedule.wanted(valid) if entry.module == "shift"} == {
        Entry(datetime(2026, 10, 12, 6, 0, tzinfo=UTC), RELEASE, "shift"),
        *(Entry(end + late, COLLECT, "shift") for end in (due, extended) for late in (grace, window)),
    }


def test_applying_twice_adds_nothing(engine, valid):
    assert len(put_in_force(engine, valid).add) == len(schedule.wanted(valid))
    assert schedule.difference(engine, valid) == schedule.Difference([], [])


def test_a_moved_date_replaces_what_waits_and_moving_it_back_revives_it(engine, valid, curriculum):
    put_in_force(engine, valid)
    moved = SEMESTER.replace("scale: {release: 2026-10-05 08:00", "scale: {release: 2026-10-06 08:00")
    changed = put_in_force(engine, validate(Sources(moved, ROSTER), curriculum))
    assert (changed.add, changed.cancel) == (
        [Entry(RELEASE_SCALE.at + timedelta(days=1), RELEASE, "scale")],
        [RELEASE_SCALE],
    )
    changed = put_in_force(engine, valid)
    assert (changed.add, changed.cancel) == (
        [RELEASE_SCALE],
        [Entry(RELEASE_SCALE.at + timedelta(days=1), RELEASE, "scale")],
    )
    assert schedule.difference(engine, valid) == schedule.Difference([], [])


def test_each_action_is_done_once_when_its_time_comes_and_not_before(engine, valid, clock):
    put_in_force(engine, valid)
    done: list[tuple[str, str]] = []

    def run(action) -> str:
        done.append((action.kind, action.module))
        return "done"

    scheduler = Scheduler(engine, run, clock)
    clock.time = RELEASE_SCALE.at - timedelta(seconds=1)
    assert scheduler.run_due() == 0
    clock.time = RELEASE_SCALE.at
    scheduler.run_due()
    scheduler.run_due()
    assert done == [("release", "scale")]


def test_what_was_missed_is_made_up_in_order_exactly_once_by_a_new_process(engine, valid, clock):
    put_in_force(engine, valid)
    clock.time = datetime(2026, 12, 24, tzinfo=UTC)
    order: list[tuple[str, str]] = []

    def run(action) -> str:
        order.append((action.kind, action.module))
        return "done"

    for _ in range(2):
        Scheduler(engine, run, clock).run_due()
    expected = [(entry.kind, entry.module) for entry in sorted(schedule.wanted(valid), key=lambda e: (e.at, e.module))]
    assert order == expected
    assert {row.state for row in schedule.listing(engine, "tiny-2026")} == {DONE}


def test_a_process_that_died_in_the_middle_leaves_its_action_to_the_next(engine, valid, clock):
    put_in_force(engine, valid)
    clock.time = RELEASE_SCALE.at
    assert schedule.claim(engine, clock()).module == "scale"
    assert schedule.claim(engine, clock()) is None
    assert schedule.recover(engine) == 1
    assert schedule.claim(engine, clock()).tries == 2


@pytest.mark.parametrize("hours", [1, 24])
def test_a_clock_that_is_set_back_holds_nothing_up_and_does_nothing_twice(engine, valid, clock, hours):
    """The clock was ahead when a release failed; the next try would be as far ahead, and students would wait for it."""
    put_in_force(engine, valid)
    done: list[str] = []
    down = True

    def run(action) -> str:
        if down:
            raise OSError("no exchange")
        done.append(action.module)
        return "done"

    scheduler = Scheduler(engine, run, clock)
    clock.time = RELEASE_SCALE.at + timedelta(hours=hours)
    assert scheduler.run_due() == 1
    clock.time = RELEASE_SCALE.at + timedelta(seconds=1)
    down = False
    scheduler.run_due()
    assert done == ["scale"]
    clock.time = RELEASE_SCALE.at - timedelta(hours=1)  # before the release, which has already been made
    scheduler.run_due()
    clock.time = RELEASE_SCALE.at + timedelta(minutes=1)
    scheduler.run_due()
    assert done == ["scale"]


def test_a_machine_that_sleeps_for_a_day_across_a_due_date_collects_once_when_it_wakes(engine, valid, clock):
    put_in_force(engine, valid)
    order: list[tuple[str, str]] = []
    scheduler = Scheduler(engine, lambda action: order.append((action.kind, action.module)) or "done", clock)
    (due, *_) = sorted(e.at for e in schedule.wanted(valid) if e.kind == COLLECT and e.module == "scale")
    clock.time = due - timedelta(hours=1)
    scheduler.run_due()
    before = len(order)
    clock.time = due + timedelta(hours=23)
    scheduler.run_due()
    assert order[before:].count(("collect", "scale")) == 1
    scheduler.run_due()
    assert order[before:].count(("collect", "scale")) == 1


def test_a_failure_is_told_and_tried_again_after_a_pause_without_holding_up_others(engine, valid, clock):
    put_in_force(engine, valid)
    clock.time = datetime(2026, 10, 12, 6, 0, tzinfo=UTC)
    down = True

    def run(action) -> str:
        if down and action.module == "scale":
            raise ConnectionError("the exchange does not answer")
        return "released"

    scheduler = Scheduler(engine, run, clock)
    assert scheduler.run_due() == 2
    rows = {(row.kind, row.module): row for row in schedule.listing(engine, "tiny-2026") if row.at <= clock()}
    assert rows["release", "shift"].state == DONE
    assert (rows["release", "scale"].state, rows["release", "scale"].message) == (
        PENDING,
        "ConnectionError: the exchange does not answer",
    )
    down = False
    assert scheduler.run_due() == 0
    clock.time += schedule.FIRST_RETRY
    assert scheduler.run_due() == 1
    assert schedule.listing(engine, "tiny-2026")[0].state == DONE


def test_what_was_released_is_not_released_again_when_its_date_moves(engine, valid, curriculum, clock):
    put_in_force(engine, valid)
    clock.time = RELEASE_SCALE.at
    Scheduler(engine, lambda action: "done", clock).run_due()
    moved = SEMESTER.replace("scale: {release: 2026-10-05 08:00", "scale: {release: 2026-10-06 08:00")
    assert schedule.difference(engine, validate(Sources(moved, ROSTER), curriculum)) == schedule.Difference([], [])


def test_a_database_that_fails_once_does_not_end_the_schedule(engine, valid, clock, monkeypatch, caplog):
    put_in_force(engine, valid)
    clock.time = RELEASE_SCALE.at
    done = threading.Event()
    failures = iter([OperationalError("select", {}, Exception("database is locked"))])
    claim = schedule.claim

    def claim_after_a_failure(*arguments):
        for failure in failures:
            raise failure
        return claim(*arguments)

    monkeypatch.setattr(schedule, "claim", claim_after_a_failure)
    scheduler = Scheduler(engine, lambda action: done.set() or "done", clock)
    scheduler.start()
    wait_for(lambda: "the schedule could not be read" in caplog.text, "the failure")
    scheduler.wake()
    assert done.wait(30)
    scheduler.stop()


def test_a_button_pressed_twice_asks_once_and_the_thread_does_it(engine, clock):
    first = schedule.ask(engine, "tiny-2026", COLLECT, "scale", "ida", clock())
    assert schedule.ask(engine, "tiny-2026", COLLECT, "scale", "ida", clock()) == first
    done = []
    scheduler = Scheduler(engine, lambda action: done.append(action.by) or "done", clock)
    scheduler.start()
    scheduler.stop()
    assert done in ([], ["ida"])  # the thread may be stopped before it looks
    Scheduler(engine, lambda action: done.append(action.by) or "done", clock).run_due()
    assert done == ["ida"]
