"""Assigning answers to readers: everybody gets their own, and nobody one that another reader has open."""

import json
import shutil
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session
from tito.errors import TitoError
from tito.gradebook.answers import written_answers
from tito.grading.api import make_app
from tito.grading.next_to_read import find_next
from tito.grading.open_answers import give_back, take
from tito.grading.overview import module_overview
from tito.grading.queue import Queue
from tito.grading.reading import load_reading
from tito.grading.records import OpenAnswer, open_database, utc_now
from tito.grading.settings import GradingSettings
from tito.grading.strictness import FEWEST

from exchange.hub.identity import Caller
from tests.grading_service.a_reading import COURSE, FULL, MODULE, QUESTIONS, book_of, give, hand_in, make_reading
from tests.grading_service.in_process import InProcess

STUDENTS = [f"s{number:02}" for number in range(12)]
SECTIONS = {name: "A" if place < 6 else "B" for place, name in enumerate(STUDENTS)}
TAS = ["eve", "tom", "uma"]
DOOR = "access:services!service=grading"
RIGHTS = {"ta": (DOOR, "custom:grading:read", "custom:grading:grade")}
RIGHTS["instructor"] = (*RIGHTS["ta"], "custom:grading:run")


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class of twelve in two sections, with 24 unread answers; tom reads section A, except s01."""
    roster = {"staff": [*TAS, "ida"], "sections": SECTIONS, "readers": {"A": ["tom"]}, "conflicts": {"tom": ["s01"]}}
    root = tmp_path_factory.mktemp("graded") / "course"
    make_reading(root, STUDENTS, **roster)
    return root


@pytest.fixture
def place(tmp_path, graded):
    shutil.copytree(graded, tmp_path / "course")
    database = f"sqlite:///{tmp_path / 'grading.sqlite'}"
    # With the course's id: otherwise each of eight readers who open the gradebook would try to add it.
    settings = GradingSettings(course_dir=tmp_path / "course", database_url=database, course_id=COURSE)
    engine = open_database(settings.database_url)
    yield SimpleNamespace(settings=settings, queue=Queue(engine), root=tmp_path / "course")
    engine.dispose()


class Known:
    """The Hub's answer about one person."""

    def __init__(self, name: str):
        rights = RIGHTS["instructor" if name == "ida" else "ta"]
        self.who = Caller(name, "user", frozenset(rights), frozenset())

    async def caller(self, _token: str) -> Caller:
        return self.who


@pytest.fixture
def ask(place):
    """Call the service as a person: `ask("tom", "POST", "next")` returns the answer, or a refusal's status and text."""

    def answer(name: str, method: str, path: str = "", **body: object):
        with InProcess(make_app(place.settings, place.queue, Known(name))) as app:
            options = {"json": body} if method != "GET" else {}
            got = app.ask(method, f"/api/v1/reading/{MODULE}{'/' + path if path else ''}", **options)
        return got.json() if got.status_code == 200 else (got.status_code, got.json()["detail"])

    return answer


def reading(place):
    return load_reading(place.settings, place.queue, MODULE)


def shares(place) -> Counter:
    now = reading(place)
    return Counter(now.share_of(each) for each in now.answers)


def test_everybody_has_some_of_each_question_and_of_no_conflict(place, ask):
    plan = ask("ida", "POST", "share", by="student", readers=["tom", "eve"])
    assert (plan["moves"], set(plan["to"]), plan["left_out"], plan["done"]) == (24, {"eve", "tom"}, 0, False)
    assert shares(place) == {"": 24}  # a plan writes nothing
    done = ask("ida", "POST", "share", by="student", readers=["tom", "eve"], yes=True)
    assert (done["to"], done["done"]) == (plan["to"], True)
    now = reading(place)
    tom = {each.student for each in now.answers if now.share_of(each) == "tom"}
    assert tom and all(SECTIONS[name] == "A" for name in tom) and "s01" not in tom
    assert ask("ida", "POST", "share", by="student", readers=["tom", "eve"], yes=True)["moves"] == 0


def test_by_question_each_has_one(place, ask):
    ask("ida", "POST", "share", by="question", readers=["eve", "uma"], yes=True)
    now = reading(place)
    assert {(now.share_of(each), each.question) for each in now.answers} == {("eve", "memory"), ("uma", "strides")}
    assert shares(place) == {"eve": 12, "uma": 12}


def test_three_share_two_questions_to_within_one_answer(place, ask):
    ask("ida", "POST", "share", by="question", readers=["eve", "uma", "ida"], yes=True)
    assert sorted(shares(place).values()) == [6, 6, 12]


def test_by_section_whoever_reads_it_gets_it(place, ask):
    ask("ida", "POST", "share", by="section", readers=["tom", "eve"], yes=True)
    now = reading(place)
    found = Counter((now.share_of(each), SECTIONS[each.student]) for each in now.answers)
    assert found == {("tom", "A"): 10, ("eve", "A"): 2, ("eve", "B"): 12}  # a conflict goes to another reader


def test_what_was_read_and_what_somebody_has_stay_where_they_are(place, ask):
    ask("ida", "POST", "share", by="question", readers=["eve", "uma"], yes=True)
    give(place.root, "eve", "s03", "memory", 4.0)
    assert ask("ida", "POST", "share", by="question", readers=["ida"], yes=True)["moves"] == 0
    again = ask("ida", "POST", "share", by="question", readers=["ida"], again=True, yes=True)
    assert again["from"] == {"eve": 11, "uma": 12}
    assert shares(place) == {"ida": 23, "eve": 1}


def test_a_share_is_handed_over_by_its_reader_or_an_instructor(place, ask):
    ask("ida", "POST", "share", by="question", readers=["eve", "uma"], yes=True)
    assert ask("tom", "POST", "handover", giver="eve", to="tom", yes=True)[0] == 403
    plan = ask("eve", "POST", "handover", giver="eve", to="tom", section="A")
    assert (plan["to"], shares(place)["tom"]) == ({"tom": 5}, 0)  # six from section A, but one is a conflict
    ask("eve", "POST", "handover", giver="eve", to="tom", section="A", yes=True)
    ask("ida", "POST", "handover", giver="uma", to="", yes=True)
    assert shares(place) == {"eve": 7, "tom": 5, "": 12}
    assert ask("eve", "POST", "handover", giver="eve", to="nobody", yes=True)[0] == 409


def test_next_is_ones_share_and_then_what_is_nobodys(place, ask):
    ask("ida", "POST", "share", by="question", readers=["eve", "uma"], yes=True)
    ask("ida", "POST", "handover", giver="uma", to="", yes=True)
    first = ask("eve", "POST", "next")
    assert first["question"] == "memory"
    for student in STUDENTS:
        give(place.root, "eve", student, "memory", 5.0)
    assert ask("eve", "POST", "next")["question"] == "strides"
    assert ask("tom", "POST", "next", question="memory") == {"page": "", "question": ""}


def test_next_goes_on_behind_the_last_and_comes_back_to_what_was_left(place):
    first = find_next(reading(place), place.queue, "eve", "memory")
    second = find_next(reading(place), place.queue, "eve", "memory", after=first.page)
    assert (first.number, second.number) == (1, 2)
    pages = {each.number: each.page for each in reading(place).answers}
    assert find_next(reading(place), place.queue, "eve", "memory", after=pages[12]).number == 1


def test_readers_at_the_same_time_get_different_answers(place):
    together, names = threading.Barrier(8, timeout=200), [f"ta{number}" for number in range(8)]

    def begin(name: str):
        now = reading(place)
        together.wait()
        return find_next(now, place.queue, name).key

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(begin, names))
    assert len(set(found)) == 8


def test_an_open_answer_is_named_and_freed_by_closing_or_time(place, ask):
    assert ask("eve", "PUT", "open", student="s03", questions=["memory"])["yours"] == ["memory"]
    seen = ask("uma", "PUT", "open", student="s03", questions=list(QUESTIONS))
    assert (seen["yours"], [(each["question"], each["reader"]) for each in seen["others"]]) == (
        ["strides"], [("memory", "eve")],
    )  # fmt: skip
    give_back(place.queue, MODULE, "s03", "eve")
    assert take(place.queue, MODULE, ("s03", "memory"), "uma")
    assert not take(place.queue, MODULE, ("s03", "memory"), "eve")
    with Session(place.queue.engine) as session:
        session.execute(update(OpenAnswer).values(until=utc_now() - timedelta(seconds=1)))
        session.commit()
    assert take(place.queue, MODULE, ("s03", "memory"), "eve")


def test_strictness_is_for_instructors_and_for_oneself(place, ask):
    for number, student in enumerate(STUDENTS):
        give(place.root, "eve", student, "memory", 2.0 + number % 2)
        give(place.root, "uma", student, "strides", FULL)
    for student in STUDENTS[:FEWEST]:
        give(place.root, "uma", student, "memory", 5.0)  # she has read these again: the last reading counts
    seen = {row["reader"]: row for row in ask("ida", "GET")["progress"]}
    assert (seen["eve"]["read"], seen["uma"]["read"]) == (4, 20)
    assert seen["eve"]["strictness"] is None  # four answers are too few to say anything
    for student in (f"more{number}" for number in range(FEWEST)):
        add(place, student)
        give(place.root, "eve", student, "memory", 2.0)
    seen = {row["reader"]: row["strictness"] for row in ask("ida", "GET")["progress"]}
    assert seen["eve"]["percent"] < -40 and seen["eve"]["is_clear"]
    assert seen["uma"]["percent"] > 40
    own = {row["reader"]: row["strictness"] for row in ask("eve", "GET")["progress"]}
    assert own["eve"] == seen["eve"]
    assert own["uma"] is None


def add(place, student: str) -> None:
    on_roster(place, lambda students: [*students, student])
    with book_of(place.root) as book:
        hand_in(place.root, book, student)


def on_roster(place, change: Callable[[list[str]], list[str]]) -> None:
    path = place.root / "roster.json"
    people = json.loads(path.read_text())
    path.write_text(json.dumps(people | {"students": change(people["students"])}))


def test_who_dropped_is_neither_read_nor_counted_until_they_come_back(place):
    def seen() -> tuple:
        read = {answer.student for answer in written_answers(place.settings, MODULE)}
        (module,) = module_overview(place.settings, place.queue)
        return len(read), module["students"], module["graded"], module["to_read_by_hand"]

    assert seen() == (12, 12, 12, 12)
    on_roster(place, lambda students: students[1:])
    assert seen() == (11, 11, 11, 11)
    on_roster(place, lambda students: [*students, "s00"])
    assert seen() == (12, 12, 12, 12)


def test_a_module_that_is_none_is_an_error_that_lists_them(place):
    with pytest.raises(TitoError, match="there are: tensor"):
        load_reading(place.settings, place.queue, "nothing")


def test_nobody_reads_what_the_semester_counts_for_nothing(place):
    (place.root / "semester.json").write_text('{"grading": {"manual_percent": 0}}')
    assert written_answers(place.settings, MODULE) == []
