"""What was planted in a class is found and shown only to staff, from a number to the line of code behind it."""

import contextlib
import json
import re
from contextlib import closing
from dataclasses import replace

import httpx
import pytest
from tito.errors import TitoError
from tito.grading.api import make_app
from tito.grading.insight import Insight
from tito.insight.client import InsightClient

from exchange.hub.identity import HubIdentity, read_caller
from exchange.protocol import scopes
from tests.e2e.axe import grave_violations
from tests.exchange.live import COURSE, free_port
from tests.harness.plain import PLAIN
from tests.home.beside_exchange import HOME, STAFF, Pages, _served
from tests.insight.in_chromium import chromium, pictures_without_words, walk
from tests.insight.large_pages import counted
from tests.insight.planted_class import STUCK_AT, compared, found, pairs_found, planted_class
from tests.insight.written_answers import EXERCISE

pytestmark = [pytest.mark.service, pytest.mark.timeout(900)]  # the fixture has a whole class judged
STUDENTS, STUCK = 7, 2
INSTRUCTOR = (*STAFF, "custom:grading:read", "custom:grading:run", "custom:semester:manage")
DOOR = "access:services!service=grading"


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    with planted_class(tmp_path_factory.mktemp("planted"), STUDENTS, modules=2, stuck=STUCK) as planted:
        yield planted


@pytest.fixture(scope="module")
def pages(planted):
    url = f"http://127.0.0.1:{free_port()}"
    identity = HubIdentity(planted.live.hub.url, read_caller)

    @contextlib.asynccontextmanager
    async def lifespan(_app):
        yield
        await identity.close()

    app = make_app(planted.settings, planted.queue, identity, lifespan=lifespan)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_served(app, url))
        yield Pages(planted.live, stack, url)


@pytest.fixture(scope="module")
def ta(pages):
    return pages.visitor("tom", scopes.staff_group(COURSE), *STAFF, "custom:grading:read", DOOR, scopes.EVENTS)


def test_what_was_planted_is_found_and_nothing_else(planted):
    what = ["the broken check", "the long module", "the copies", "none of the look-alikes", "the stuck group"]
    assert found(planted) == [f"found: {each}" for each in what]
    assert pairs_found(planted) == planted.copies
    short = compared(planted)["exercises"][planted.exercise(planted.broken)]
    assert "tokens" in short["excluded"] and not short["pairs"]


def test_first_and_last_attempts_are_told_apart(planted):
    numbers, exercises, predictions = planted.insight.module(planted.long)
    scale = next(each for each in exercises if each.name == planted.exercise(planted.long))
    visible = scale.checks["doubles three numbers"]
    wrong_at_first = [name for n, name in enumerate(planted.students) if n % 3 == 0]
    assert sorted(visible.lists["failed_first"]) == []  # twice three is six, and this check asks for no more
    assert [row["attempts"] for row in numbers.of("attempts") if row["student"] in wrong_at_first] == [2, 2, 2]
    assert set(predictions) == {"size"}
    assert numbers.steps["submitted"] == planted.students


def test_a_ta_goes_from_the_class_page_to_the_line_of_code_in_four_clicks(planted, ta):
    page, clicks = ta.get(f"{HOME}class").text, 0
    for link in (
        r'href="([^"]*insight)"',
        r'href="([^"]*number=failed_last[^"]*)"',
        r'href="([^"]*/students/s\d+/scale2[^"]*)"',
    ):
        address = re.search(link, page)
        assert address, page
        page, clicks = ta.get(address[1].replace("&amp;", "&")).text, clicks + 1
    assert clicks <= 4
    assert "np.asarray(values) * factor" in page
    assert "HIDDEN-CANARY" in page, "staff see which hidden check it is"


def test_an_instructor_clicks_from_the_class_page_to_the_code_in_a_browser(planted, pages, tmp_path):
    """At most four clicks are needed; every page on the way, and what a student sees, works with a screen reader and
    contacts no other server.
    """
    ida = pages.cookie("ida", scopes.staff_group(COURSE), *INSTRUCTOR)
    to_code = ["a[href$='/insight']", "a[href*='number=failed_last']", "a[href*='/students/s']"]
    with chromium(pages.url, ida) as context:
        page = context.new_page()
        assert len(to_code) <= 4 and walk(page, pages.url, to_code) == []
        assert "np.asarray(values) * factor" in page.locator("pre.student-code").inner_text()
        page.screenshot(path=tmp_path / "code.png")
        more = ["a[href$='/insight']", f"a[href$='/modules/{planted.broken}']"]
        assert walk(page, pages.url, more) == []
        assert pictures_without_words(page) == [] and page.locator("main progress").count() > 3
    student = pages.cookie(planted.students[-1], scopes.student_group(COURSE), DOOR)
    with chromium(pages.url, student) as context:
        page = context.new_page()
        page.goto(f"{pages.url}{HOME}my-data")
        with page.expect_download() as taken:
            page.get_by_role("link", name="Download all of it").click()
        assert json.loads(taken.value.path().read_text())["student"] == planted.students[-1]
        assert grave_violations(page) == []


def test_an_instructor_sees_a_pair_side_by_side_and_that_they_looked_is_on_record(planted, pages, ta):
    listed = f"{HOME}insight/modules/{planted.broken}/similar"
    ida = pages.visitor("ida", scopes.staff_group(COURSE), *INSTRUCTOR)
    page, [(one, other)] = ida.get(listed), planted.copies
    assert page.status_code == 200 and "This says nothing about anybody" in page.text
    address = re.search(rf'href="([^"]*/similar/\d+/{EXERCISE}/0)"', page.text)
    assert address, page.text
    beside = ida.get(address[1])
    assert beside.status_code == 200 and beside.text.count('class="shared"') > 10
    assert "shifts" in beside.text and "offs" in beside.text
    looks = ida.get(listed).text
    assert f"{one} and {other}</td>" in looks and "this list" in looks
    assert ta.get(listed).status_code == ta.get(address[1]).status_code == 403


def test_no_student_and_no_list_of_runs_shows_what_was_compared(planted, pages, ta):
    student = pages.visitor(planted.copies[0][0], scopes.student_group(COURSE), DOOR)
    assert student.get(f"{HOME}insight/modules/{planted.broken}/similar").status_code == 403
    data = student.get(f"{HOME}my-data/data.json").text
    assert planted.copies[0][1] not in data and "passages" not in data
    run = planted.queue.latest_run("compare", planted.broken, "", ("done",))
    token = planted.live.hub.token("tom", groups=[scopes.staff_group(COURSE)], scope=[DOOR, "custom:grading:read"])
    address = f"{pages.grading_url}/api/v1/runs/{run.id}"
    said = httpx.get(address, headers={"Authorization": f"token {token}"}, **PLAIN).json()
    assert said["report"] == {}


def test_each_page_opens_and_every_number_leads_to_its_list(planted, ta):
    seen = 0
    for page in ("insight", *(f"insight/modules/{slug}" for slug in planted.modules)):
        answer = ta.get(HOME + page)
        assert answer.status_code == 200, answer.text
        for address in set(re.findall(r'href="([^"]*/students\?[^"]*)"', answer.text)):
            listed = ta.get(address.replace("&amp;", "&"))
            assert listed.status_code == 200 and "Nobody." not in listed.text, address
            seen += 1
    assert seen > 20


def test_no_page_costs_more_than_twelve_statements(planted, ta):
    for page in ("insight", f"insight/modules/{planted.broken}"):
        with counted() as statements:
            assert ta.get(HOME + page).status_code == 200
        assert 0 < len(statements) <= 12, statements


def test_students_see_no_insight_and_their_own_data_alone(planted, pages):
    name, other = planted.stuck[0], planted.students[-1]
    student = pages.visitor(name, scopes.student_group(COURSE), DOOR)
    assert student.get(f"{HOME}insight").status_code == 403
    shown = student.get(f"{HOME}my-data")
    assert shown.status_code == 200 and "What the course knows about me" in shown.text
    assert other not in shown.text
    data = student.get(f"{HOME}my-data/data.json").json()
    assert data["student"] == name and {row["student"] for row in data["events"]} == {name}
    runs = {row["assignment"]: row["runs"] for row in data["activity"]["modules"]}
    assert runs[planted.broken] == STUCK_AT
    assert set(data) == {"student", "course", "events", "activity", "submissions", "questions", "results", "survey"}


def test_what_the_exchange_can_not_say_is_missing_and_what_was_judged_is_there(planted):
    nobody = replace(planted.settings, exchange_url=f"http://127.0.0.1:{free_port()}")
    said = Insight(nobody, planted.queue).semester().to_json()
    assert "does not answer" in said["silent"] or "exchange" in said["silent"]
    assert said["stuck"] == []
    assert [row["module"] for row in said["suspects"]] == [planted.broken]


def test_what_comparing_left_of_a_student_is_forgotten_and_the_rest_stays(planted, pages):
    """This test must be last: it removes what the others read."""
    one, other = planted.copies[0]
    ida = pages.visitor("ida", scopes.staff_group(COURSE), *INSTRUCTOR)
    similar = f"{HOME}insight/modules/{planted.broken}/similar"
    token = planted.live.hub.token("ida", groups=[scopes.staff_group(COURSE)], scope=[*INSTRUCTOR, DOOR])
    with closing(InsightClient({"GRADING_URL": pages.grading_url, "TITO_TOKEN": token})) as insight:
        before = insight.similar(planted.broken)
        assert len(before["exercises"][EXERCISE]["pairs"]) == 1
        ida.get(f"{similar}/{before['run']}/{EXERCISE}/0").raise_for_status()
        plan = insight.forget_similar(None, one, yes=False)
        assert plan["pairs"] == 1 and plan["looks"] >= 1 and not plan["done"]
        assert insight.similar(planted.broken)["exercises"] == before["exercises"], "a plan changes nothing"
        assert insight.forget_similar(None, one, yes=True) == {**plan, "done": True}
        after = insight.similar(planted.broken)
        assert one not in json.dumps(after) and other in json.dumps(after["looks"])
        assert insight.forget_similar(None, one, yes=True) == {"pairs": 0, "looks": 0, "done": True}
        insight.forget_similar("2999-01-01T00:00:00Z", None, yes=True)
        gone = ida.get(similar)
        assert gone.status_code == 200 and "Compare what was collected" in gone.text and other not in gone.text
        assert "ida" in gone.text, "who looked stays"
        for both_or_neither in ((None, None), ("2029-01-01T00:00:00Z", one)):
            with pytest.raises(TitoError, match="either a time or a student must be named"):
                insight.forget_similar(*both_or_neither, yes=False)
    theirs = planted.live.hub.token(one, groups=[scopes.student_group(COURSE)], scope=[DOOR])
    student = InsightClient({"GRADING_URL": pages.grading_url, "TITO_TOKEN": theirs})
    with closing(student), pytest.raises(TitoError, match="403"):
        student.forget_similar(None, other, yes=True)
