"""What takes something away from people must be confirmed by name; an unattended apply leaves it out."""

import logging

import pytest
from tito.semester.service import __main__ as program
from tito.semester.service.app import GivenWithYes
from tito.semester.service.change import Change, Confirmation
from tito.semester.service.conductor import Conductor, Places
from tito.semester.service.confirmation import needed
from tito.semester.service.database import open_database
from tito.semester.service.hub_api import Hub

from exchange.client.exchange_client import ExchangeClient

LATE = Confirmation("late", "2 receipts that say on time become late")
DROPS = Confirmation("drops", "14 of 60 students leave the course")


@pytest.fixture
def conductor(tmp_path, curriculum):
    """A conductor of four changes, three of which need a confirmation; `made` lists those that were made."""
    made: list[str] = []

    class FourChanges(Conductor):
        def _changes(self, valid):
            for name, needs in (("a", None), ("b", LATE), ("c", DROPS), ("d", LATE)):
                yield Change("~", "somewhere", name, "", lambda name=name: made.append(name), needs)

    engine, hub = open_database(f"sqlite:///{tmp_path}/semester.db"), Hub("http://127.0.0.1:9", "none")
    exchange = ExchangeClient("http://127.0.0.1:9", "none")
    places = Places(engine, tmp_path / "course", lambda: curriculum, hub, exchange)
    conductor = FourChanges(places, lambda: None)
    conductor.made = made
    yield conductor
    for each in (hub, exchange):
        each.close()
    engine.dispose()


def begin(conductor: Conductor, valid, *yes: str):
    run = conductor.begin(valid, "ida", yes)
    with conductor._applying:
        return run


def test_a_plan_asks_each_thing_once(conductor, valid):
    assert needed(conductor.plan(valid)) == [LATE, DROPS]


@pytest.mark.parametrize(("yes", "asked"), [((), [LATE, DROPS]), (("late",), [DROPS]), (("drops",), [LATE])])
def test_without_every_yes_nothing_is_changed_and_the_way_is_told(conductor, valid, yes, asked):
    run = begin(conductor, valid, *yes)
    assert (conductor.made, run.changes, run.finished) == ([], [], True)
    for each in asked:
        assert each.sentence in run.error
        assert f"--yes {each.key}" in run.error
    assert [each["key"] for each in run.as_dict()["confirmations"]] == [each.key for each in asked]
    assert conductor.in_force() is None
    assert conductor.confirmed("tiny-2026") == []


def test_with_every_yes_all_is_done_and_who_said_it_is_on_record(conductor, valid):
    run = begin(conductor, valid, "late", "drops")
    assert (conductor.made, run.error) == (["a", "b", "c", "d"], "")
    assert [(row.key, row.sentence, row.by) for row in conductor.confirmed("tiny-2026")] == [
        ("drops", DROPS.sentence, "ida"),
        ("late", LATE.sentence, "ida"),
    ]
    assert conductor.in_force().by == "ida"


def test_an_apply_that_nobody_watches_leaves_out_what_needs_a_yes_and_is_not_in_force(conductor, valid):
    run = conductor.apply_unattended(valid, "semester")
    assert (conductor.made, run.error, run.failed) == (["a"], "", {})
    assert [row["left_out"] for row in run.as_dict()["changes"]] == [False, True, True, True]
    assert conductor.in_force() is None
    assert conductor.confirmed("tiny-2026") == []


class Nothing:
    """A course that is not frozen."""

    def refuse_frozen(self, course: str) -> None: ...


def test_a_service_that_starts_says_what_it_left_out_and_does_not_try_for_ever(conductor, valid, tmp_path, caplog):
    file = tmp_path / "semester.yaml"
    file.write_text(valid.sources.semester)
    file.with_name("roster.csv").write_text(valid.sources.roster)
    service = program.Service(conductor._places, conductor, None, Nothing(), None, "", file)
    with caplog.at_level(logging.WARNING, "tito.semester"):
        assert program._apply_once(service, file) == ""
    assert LATE.sentence in caplog.text
    assert "tito semester apply --yes late --yes drops" in caplog.text


def test_a_yes_to_something_unknown_is_refused():
    with pytest.raises(ValueError, match="'drops' or 'late'"):
        GivenWithYes(yes=["everything"])
