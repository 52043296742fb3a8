"""The leaderboard: only measured entries, by opt-in, with names that can't be taken for staff, frozen at the end."""

import csv
import io
import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from tito.grading import board, board_api
from tito.grading.api import make_app
from tito.grading.board import Entry
from tito.grading.pseudonyms import check, key_of
from tito.grading.queue import Queue
from tito.grading.records import Run, Task, open_database
from tito.grading.rights import GRADE, READ
from tito.grading.settings import GradingSettings

from exchange.hub.identity import Caller
from exchange.protocol.models import Refused
from tests.grading_service.in_process import InProcess

DOOR = "access:services!service=grading"
BEGIN = datetime(2029, 6, 1, 12, tzinfo=UTC)
DUE = BEGIN + timedelta(days=10)
ACCURACY = {"by": "accuracy", "better": "higher", "at_most": {"stored_bytes": 65536}}
SIZE = {"by": "stored_bytes", "better": "lower", "at_least": {"accuracy": 0.95}}


def measures(accuracy=0.96, stored_bytes=4000.0, work=9000.0):
    return {"accuracy": accuracy, "stored_bytes": float(stored_bytes), "work": float(work)}


def entry(student, hours=0, public=None, hidden=None, attempt=1):
    public = public or measures()
    received = BEGIN + timedelta(hours=hours)
    return Entry(student, f"{student}-{attempt}", attempt, received, public, hidden or public, "d")


def places(rows):
    return [(row.rank, row.entry.student) for row in rows]


# ranks


def test_equal_values_share_a_rank_the_next_is_counted_on_and_the_earlier_stands_above():
    entries = [entry("ada", 3), entry("ben", 1), entry("chen", 0, measures(0.99)), entry("dora", 2, measures(0.5))]
    assert places(board.table(ACCURACY, entries, False)) == [(1, "chen"), (2, "ben"), (2, "ada"), (4, "dora")]


def test_who_misses_what_an_event_asks_for_is_not_in_it():
    entries = [entry("ada", 0, measures(0.94, 100)), entry("ben", 0, measures(0.95, 900))]
    assert places(board.table(SIZE, entries, False)) == [(1, "ben")]


def test_at_the_deadline_the_hidden_half_of_what_stood_there_is_shown_and_trying_often_finds_nothing_in_it():
    lucky = entry("ada", 2, measures(0.96), measures(0.99), attempt=2)
    entries = [entry("ada", 1, measures(0.97), measures(0.95)), lucky, entry("ben", 0, measures(0.96), measures(0.96))]
    assert places(board.table(ACCURACY, entries, False)) == [(1, "ada"), (2, "ben")]
    frozen = board.table(ACCURACY, entries, True)
    assert places(frozen) == [(1, "ben"), (2, "ada")] and frozen[1].value == 0.95, "not of the lucky one"


def test_who_misses_it_on_the_hidden_half_stands_without_a_rank():
    rows = board.table(SIZE, [entry("ada", 0, measures(0.95), measures(0.94)), entry("ben")], True)
    assert places(rows) == [(1, "ben"), (None, "ada")]


def test_who_hands_in_somebodys_net_is_known_and_ones_own_again_is_no_copy():
    first, again, other = entry("ada", 0), entry("ada", 1, attempt=2), entry("ben", 2)
    assert board.copies([other, again, first]) == {"ben-1": "ada"}


def test_late_and_withdrawn_entries_take_no_part():
    late, gone = entry("ada", 24 * 11), entry("ben", 0)
    assert board.counted([late, gone, entry("chen")], DUE, {"ben-1"}) == [entry("chen")]


numbers = st.tuples(st.floats(0.5, 1.0), st.integers(1, 10**5))


@given(st.lists(numbers, max_size=12))
def test_the_front_is_what_no_other_beats(pairs):
    entries = [entry(f"s{i}", 0, measures(a, b)) for i, (a, b) in enumerate(pairs)]
    front = board.front(entries, False)

    def beaten(e):
        mine = e.public
        others = (o.public for o in entries)
        return any(
            o["stored_bytes"] <= mine["stored_bytes"] and o["accuracy"] >= mine["accuracy"]
            and (o["stored_bytes"], o["accuracy"]) != (mine["stored_bytes"], mine["accuracy"]) for o in others
        )  # fmt: skip

    assert front == {e.submission for e in entries if not beaten(e)}


# names


@pytest.mark.parametrize("name", ["Blue Heron", "net-9000", "Ada L", "x y z"])
def test_names_that_may_be(name):
    assert check(f"  {name} ", {"ida", "tom.stone@uni.org"}, {"ben"}) == name


@pytest.mark.parametrize(
    "name",
    ["", "ab", "a" * 25, "two  -x", "-x-", "<b>me</b>", "näme", "аdmin", "a\u202eb c", "The Staff", "ADM1N", "st4ff",
     "Ida", "1da", "T.A", "TA", "t-a", "tom stone", "Prof Tomstone", "t0mst0ne", "ben", "8en", "Ben", "teacher"],
)  # fmt: skip
def test_names_that_may_not(name):
    with pytest.raises(Refused):
        check(name, {"ida", "tomstone@uni.org"}, {"ben"})


def test_what_looks_alike_is_the_same():
    assert len({key_of(name) for name in ("Lima 1", "limal", "L1MA-l", "lirna i")}) == 1


# the API


@pytest.fixture
def place(tmp_path):
    """A course whose Olympics end at DUE, with measured entries of three students; only ada and ben will join."""
    modules = [{"slug": "olympics", "place": "built", "due": DUE.isoformat().replace("+00:00", "Z")}]
    (tmp_path / "semester.json").write_text(json.dumps({"tiers": [{"modules": modules}]}))
    (tmp_path / "roster.json").write_text(json.dumps({"students": ["ada", "ben", "chen"], "staff": ["ida", "tom"]}))
    settings = GradingSettings(course_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/grading.db", course_id="c")
    queue = Queue(open_database(settings.database_url))
    measured(queue, "ada", "s1", 1, measures(0.97, 3000), measures(0.95, 3000))
    measured(queue, "ada", "s2", 2, measures(0.96, 900), measures(0.96, 900))
    measured(queue, "ben", "s3", 1, measures(0.98, 8000), measures(0.97, 8000))
    measured(queue, "chen", "s4", 1, measures(0.99, 9000))
    yield settings, queue
    queue.engine.dispose()


def measured(queue, student, submission, attempt, public, hidden=None):
    half = {"accepted": True, "digest": submission}
    report = {"public": {**half, "measures": public}, "hidden": {**half, "measures": hidden or public}}
    report |= {"attempt": attempt, "received_at": (BEGIN + timedelta(hours=attempt)).isoformat()}
    with Session(queue.engine) as session:
        task = Task(kind="measure", assignment="olympics", student=student)
        session.add(task)
        session.flush()
        run = Run(task_id=task.id, kind="measure", assignment="olympics", student=student, submission=submission)
        run.outcome, run.report = "done", report
        session.add(run)
        session.commit()


@pytest.fixture
def now(monkeypatch):
    """The service's clock; it shows a time during the event until a test sets it."""
    clock = SimpleNamespace(at=BEGIN + timedelta(days=1))
    monkeypatch.setattr(board_api, "utc_now", lambda: clock.at)
    return clock


@contextmanager
def asking(place, name, *rights):
    settings, queue = place

    async def caller(token):
        return Caller(name, scopes=frozenset({DOOR, *rights}))

    app = make_app(settings, queue, SimpleNamespace(caller=caller))
    yield InProcess(app)


def join(place, name, pseudonym):
    with asking(place, name) as http:
        return http.put("/api/v1/board/me", json={"pseudonym": pseudonym})


def seen(place, name, *rights):
    with asking(place, name, *rights) as http:
        return http.get("/api/v1/board").json()


def test_only_who_joined_is_shown_under_a_pseudonym_and_staff_see_who_it_is(place, now):
    assert join(place, "ada", "Blue Heron").status_code == join(place, "ben", "Otter").status_code == 200
    by_chen = seen(place, "chen")
    assert "ada" not in json.dumps(by_chen) and "chen" not in json.dumps(by_chen)
    rows = {event["name"]: [(row["rank"], row["pseudonym"]) for row in event["rows"]] for event in by_chen["events"]}
    assert rows["accuracy"] == [(1, "Otter"), (2, "Blue Heron")] and rows["size"] == [(1, "Blue Heron"), (2, "Otter")]
    assert [(each["attempt"], each["counts"]) for each in by_chen["mine"]["entries"]] == [(1, False)]
    assert "same_as" not in json.dumps(by_chen)
    by_tom = seen(place, "tom", READ)
    assert [row["student"] for row in by_tom["events"][0]["rows"]] == ["ben", "ada"]
    assert {point["measures"]["stored_bytes"] for point in by_tom["points"] if point["front"]} == {900, 3000, 8000}


def test_the_hidden_half_is_nowhere_until_the_deadline_and_shown_after_it(place, now):
    join(place, "ada", "Blue Heron")
    assert not seen(place, "ada")["frozen"] and "0.95" not in json.dumps(seen(place, "ada")["mine"])
    now.at = DUE + timedelta(seconds=1)
    shown = seen(place, "ada")
    assert shown["frozen"] and shown["events"][0]["rows"][0]["measures"]["accuracy"] == 0.95


def test_a_name_is_one_persons_and_look_alikes_and_staff_are_refused(place, now):
    assert join(place, "ada", "Blue Heron").status_code == 200
    for name, pseudonym, status in (("ben", "b1ue-her0n", 409), ("ben", "Ida", 422), ("ben", "chen", 422)):
        assert join(place, name, pseudonym).status_code == status
    assert join(place, "ada", "Green Heron").status_code == 200, "one's own may be changed"
    assert join(place, "ben", "Blue Heron").status_code == 200, "and is free then"
    with asking(place, "tom", READ, GRADE) as http:
        assert http.put("/api/v1/board/me", json={"pseudonym": "Watcher"}).status_code == 403


def test_a_removed_name_leaves_the_board_and_is_nobodys_again(place, now):
    join(place, "ada", "Rude Word")
    with asking(place, "ben") as http:
        assert http.delete("/api/v1/board/members/ada").status_code == 403
    with asking(place, "tom", READ, GRADE) as http:
        assert http.delete("/api/v1/board/members/ada").status_code == 200
    assert seen(place, "ada")["mine"]["removed"] and not seen(place, "ben")["events"][0]["rows"]
    assert {join(place, who, "rude w0rd").status_code for who in ("ada", "ben")} == {409}
    assert join(place, "ada", "Kind Word").status_code == 200 and seen(place, "ben")["points"]


def test_one_withdraws_ones_own_entry_and_leaves_and_comes_back(place, now):
    join(place, "ada", "Blue Heron")
    with asking(place, "ada") as http:
        assert http.post("/api/v1/board/entries/s3/withdraw").status_code == 404, "ben's"
        assert http.post("/api/v1/board/entries/s1/withdraw").status_code == 200
        assert [row["measures"]["stored_bytes"] for row in http.get("/api/v1/board").json()["events"][0]["rows"]] == [
            900
        ]
        http.delete("/api/v1/board/me")
        left = http.get("/api/v1/board").json()
        assert not left["points"] and [each["withdrawn"] for each in left["mine"]["entries"]] == [True, False]
    assert join(place, "ada", "Blue Heron").status_code == 200


def test_the_table_has_names_for_staff_only(place, now):
    join(place, "ada", "Blue Heron")
    with asking(place, "ben") as student, asking(place, "tom", READ) as staff:
        mine, theirs = (list(csv.DictReader(io.StringIO(h.get("/api/v1/board/csv").text))) for h in (student, staff))
    assert [row["event"] for row in mine] == ["accuracy", "size", "speed"]
    assert "student" not in mine[0] and theirs[0]["student"] == "ada" and mine[0]["pseudonym"] == "Blue Heron"
