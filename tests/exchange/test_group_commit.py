"""Submissions share a transaction: each is answered after its commit, and a failing one does not affect the others."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from exchange.protocol.models import Refused
from exchange.service.database import Database
from exchange.service.group_commit import MOST, GroupCommit
from exchange.service.tables import courses, metadata


class Place:
    """A database with a table of courses that counts its commits."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder / 'exchange.db'}")
        metadata.create_all(self.database.engine)
        self.group, self.commits = GroupCommit(self.database), 0
        event.listen(self.database.engine, "commit", self._count)

    def _count(self, _connection) -> None:
        self.commits += 1

    def add(self, name: str) -> str:
        return self.group.run(lambda connection: self._insert(connection, name))

    @staticmethod
    def _insert(connection, name: str) -> str:
        connection.execute(insert(courses), {"id": name, "settings": "{}", "created_at": "now"})
        return name

    def names(self) -> set[str]:
        with self.database.read() as connection:
            return set(connection.execute(select(courses.c.id)).scalars())

    def while_busy(self, pool, works):
        """Submit `works` while another keeps its transaction open; return their futures, all done."""
        inside, go_on = threading.Event(), threading.Event()

        def slow(connection) -> None:
            inside.set()
            assert go_on.wait(60)

        first = pool.submit(self.group.run, slow)
        assert inside.wait(60)
        asked = [pool.submit(self.group.run, work) for work in works]
        while len(self.group._waiting) < len(works):
            threading.Event().wait(0.001)
        go_on.set()
        wait([first, *asked], 60)
        return asked


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    yield place
    place.database.close()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(24) as threads:
        yield threads


def test_what_is_answered_is_committed(place):
    assert place.add("a") == "a"
    assert place.names() == {"a"}


def test_those_who_wait_share_one_commit(place, pool):
    names = [f"c{number}" for number in range(20)]
    asked = place.while_busy(pool, [lambda connection, name=name: place._insert(connection, name) for name in names])
    assert sorted(future.result() for future in asked) == sorted(names)
    assert place.names() == set(names)
    assert place.commits == 2  # one for the slow work, one for the others


def test_nobody_is_answered_before_the_commit(place):
    seen = []
    event.listen(place.database.engine, "commit", lambda connection: seen.append(answered.is_set()))
    answered = threading.Event()
    place.add("a")
    answered.set()
    assert seen == [False]


@pytest.mark.parametrize("fault", [Refused("a rule", "a value", "a remedy"), ZeroDivisionError("a bug")])
def test_one_that_fails_undoes_its_own_changes_alone(place, pool, fault):
    def fails(connection) -> None:
        place._insert(connection, "half")
        raise fault

    works = [lambda c: place._insert(c, "before"), fails, lambda c: place._insert(c, "after")]
    before, failing, after = place.while_busy(pool, works)
    assert (before.result(), after.result()) == ("before", "after")
    with pytest.raises(type(fault)):
        failing.result()
    assert place.names() == {"before", "after"}


def test_an_error_of_the_database_in_one_submission_fails_that_one_alone(place, pool):
    # What SQLite keeps of a transaction after an error is not defined: all is undone, and each is tried separately.
    works = [lambda c: place._insert(c, "one"), lambda c: place._insert(c, "one"), lambda c: place._insert(c, "two")]
    one, again, two = place.while_busy(pool, works)
    assert (one.result(), two.result()) == ("one", "two")
    assert isinstance(again.exception(), IntegrityError)
    assert place.names() == {"one", "two"}


def test_a_commit_that_fails_answers_nobody(place, pool):
    def refuse(_connection) -> None:
        raise SQLAlchemyError("the disk is full")

    works = [lambda c, name=name: place._insert(c, name) for name in "ab"]
    event.listen(place.database.engine, "commit", refuse)
    for future in place.while_busy(pool, works):
        assert isinstance(future.exception(), SQLAlchemyError)
    event.remove(place.database.engine, "commit", refuse)
    assert place.names() == set()


def test_more_than_a_transaction_takes_are_all_done(place, monkeypatch, pool):
    monkeypatch.setattr("exchange.service.group_commit.MOST", 4)
    assert MOST > 4
    names = [f"c{number}" for number in range(20)]
    asked = place.while_busy(pool, [lambda connection, name=name: place._insert(connection, name) for name in names])
    assert sorted(future.result() for future in asked) == sorted(names)
    assert place.commits == 6
