"""A class lives at the platform: its roster comes here and its scores go back, whatever the platform's day.

The tests are one story on one Hub, in the order in which they stand.
"""

import json
import re
from contextlib import closing
from datetime import timedelta

import pytest
from fastapi.responses import Response
from tito.campus.client import CampusClient
from tito.campus.database import utc_now
from tito.campus.outbox import Outbox
from tito.campus.platform.errors import PlatformSilent
from tito.errors import TitoError

from hub_config.sign_in.platform_course import NotTheirName, check_name
from tests.campus.course import COURSE, PATIENCE_SECONDS, Course, running_course
from tests.campus.platform import PlatformWithServices
from tests.e2e.browser import chromium
from tests.semester.campus import Server, wait_for

pytestmark = pytest.mark.live
CLASS = ["ada", "ben", *(f"s{number:03}" for number in range(28))]  # 300 are in `test_sending`: a Hub is slow


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory):
    platform = PlatformWithServices(page_size=7)
    platform.server = Server(platform.application(), platform.port)
    platform.server.start()
    with_three = platform.course("7")
    with_three.enrol(*CLASS)
    with_three.enrol("ida", "tom", role="Instructor")
    with running_course(tmp_path_factory.mktemp("campus"), platform) as course:
        yield course
    platform.server.stop()


def all_sent(course: Course) -> bool:
    rows = course.scores()
    return bool(rows) and all(row["state"] == "sent" for row in rows)


def test_nothing_is_asked_before_an_instructor_has_said_which_course_is_ours(course: Course):
    refused = course.ask("POST", "roster/plan")
    assert (refused.status_code, "tito campus link" in refused.text) == (409, True)
    course.launch("7")
    course.launch("8", deployment="2")
    course.launch("9", issuer="https://evil.example.org")
    refused = course.ask("POST", "link", json={"key": course.key("9")})
    assert (refused.status_code, "belongs to" in refused.text) == (409, True)
    assert course.ask("POST", "link", json={"key": "no-such"}).status_code == 409
    linked = course.ask("POST", "link", json={"key": course.key("7")}).json()["linked"]
    assert linked == {"title": "Course 7", "context": "7", "deployment": "1"}


@pytest.mark.security
def test_only_instructors_change_what_is_linked_and_nobody_else_sees_the_class(course: Course):
    eve = course.hub.token("eve")
    for method, path in [("GET", "status"), ("GET", "grades"), ("POST", "roster/plan"), ("POST", "keys/rotate")]:
        assert course.hub.ask("campus", method, path, eve).status_code == 403, path
    assert course.hub.ask("campus", "GET", "status", "no-such-token").status_code == 401


def test_a_class_becomes_the_roster_with_one_request_a_page(course: Course):
    plan = course.ask("POST", "roster/plan").json()
    assert (plan["students"], plan["without_name"], plan["confirmations"]) == (30, [], [])
    assert course.platform.calls["members"] == 5, "32 members on pages of 7"
    assert course.roster() == {"ada", "ben"}, "a plan changes nothing"
    done = course.ask("POST", "roster/apply", json={}).json()
    assert done["outcome"] == "applied", done
    assert course.platform.calls["members"] == 10
    assert course.roster() == set(CLASS)
    assert course.ask("POST", "roster/apply", json={}).json()["outcome"] == "unchanged"


def test_scores_each_arrive_once_though_every_third_call_fails(course: Course):
    platform = course.platform
    platform.fails_every, platform.after_the_deed = 3, True
    course.tell(CLASS, 48.0)
    course.campus.send()
    platform.fails_every = 0
    wait_for(lambda: all_sent(course), "the clockwork to have sent what was left")
    there = platform.course("7")
    assert [each["label"] for each in there.columns.values()] == ["01 Scale"]
    assert len(there.scores) == 30
    assert set(there.arrived.values()) == {1}
    ada = there.scores["1", "platform-id-of-ada"]
    assert (ada["scoreGiven"], ada["scoreMaximum"]) == (48, 60)
    assert ada["comment"] == "See your feedback: https://hub.example.org/services/home/modules/scale"


def test_a_score_is_sent_again_when_the_student_is_told_otherwise_and_only_then(course: Course):
    course.tell(["ada"], 48.0, minutes=1)  # released again, the same
    course.tell(["ben"], 54.0, minutes=1)
    course.campus.send()
    arrived = course.platform.course("7").arrived
    assert (arrived["1", "platform-id-of-ada"], arrived["1", "platform-id-of-ben"]) == (1, 2)
    assert course.platform.course("7").scores["1", "platform-id-of-ben"]["scoreGiven"] == 54


def test_what_the_platforms_gradebook_has_otherwise_is_told(course: Course):
    scores = course.platform.course("7").scores
    scores["1", "platform-id-of-ada"] = {**scores["1", "platform-id-of-ada"], "scoreGiven": 12}
    del scores["1", "platform-id-of-s000"]
    differs = course.ask("POST", "grades/look").json()["differs"]
    assert [(row["student"], row["score"], row["there"]) for row in differs] == [("ada", 48, 12), ("s000", 48, None)]


def test_what_waits_survives_a_restart_and_a_day_without_the_platform(course: Course):
    course.tell(["s001"], 30.0, minutes=2)
    course.platform.fails_every = 1
    with pytest.raises(PlatformSilent):
        course.campus.send()
    again = Outbox(course.campus.engine, COURSE)  # what another process finds
    assert again.due(utc_now()) == []
    waiting = [row for row in again.rows() if row["state"] == "waiting"]
    assert [(row["student"], row["tries"]) for row in waiting] == [("s001", 1)]
    course.platform.fails_every = 0
    assert course.campus.send(utc_now() + timedelta(days=1)) == 1
    assert course.platform.course("7").scores["1", "platform-id-of-s001"]["scoreGiven"] == 30


def test_a_column_that_was_deleted_there_is_made_anew(course: Course):
    del course.platform.course("7").columns["1"]
    course.platform.course("7").columns["other"] = {"tag": "else", "resourceId": f"{COURSE}/scale", "id": "x"}
    course.tell(["s002"], 6.0, minutes=3)
    course.campus.send()
    course.campus.send()
    assert all_sent(course)
    scores = course.platform.course("7").scores
    assert scores["2", "platform-id-of-s002"]["scoreGiven"] == 6
    assert sum(column == "2" for column, _ in scores) == 30, "what was in the lost column is told again"


def test_who_left_the_platform_is_told_to_staff_and_no_score_of_theirs_is_sent(course: Course):
    course.platform.course("7").leave("s003")
    assert course.ask("POST", "roster/apply", json={}).json()["outcome"] == "applied"
    course.tell(["s003"], 60.0, minutes=4)
    course.campus.send()
    row = next(row for row in course.scores() if row["student"] == "s003")
    assert (row["state"], "left the platform's course" in row["answer"]) == ("left", True)
    assert [each["name"] for each in course.ask("GET", "status").json()["left"]] == ["s003"]
    course.platform.course("7").enrol("s003")
    course.ask("POST", "roster/apply", json={})
    course.campus.send()
    assert course.platform.course("7").scores["2", "platform-id-of-s003"]["scoreGiven"] == 60


def test_more_than_a_tenth_leaves_only_with_an_explicit_yes(course: Course):
    everybody = list(course.platform.course("7").members)
    course.platform.course("7").leave("s004")
    for number in range(10, 14):
        course.platform.course("7").leave(f"s{number:03}")
    course.campus.nightly()
    assert course.ask("GET", "status").json()["syncs"][0]["outcome"] == "waits"
    refused = course.ask("POST", "roster/apply", json={})
    assert (refused.status_code, "5 of 30 students would leave" in refused.text) == (409, True)
    assert course.roster() == set(CLASS)
    assert course.ask("POST", "roster/apply", json={"drops": True}).json()["outcome"] == "applied"
    assert len(course.roster()) == 25
    course.platform.course("7").members = everybody
    assert course.ask("POST", "roster/apply", json={}).json()["outcome"] == "applied"


@pytest.mark.security
def test_an_account_keeps_its_name_and_nobody_gets_one_that_is_taken(course: Course):
    members = course.platform.course("7").members
    ada = next(each for each in members if each["user_id"] == "platform-id-of-ada")
    ada["message"][0][next(iter(ada["message"][0]))]["login"] = "countess"
    course.platform.course("7").enrol("ada")
    members[-1]["user_id"] = "somebody-else"
    plan = course.ask("POST", "roster/plan").json()
    assert (plan["students"], plan["changes"]) == (30, [])
    assert [each for each in plan["without_name"] if "belongs to another account" in each and "ada" in each]
    claims = {"iss": course.platform.url, "sub": "platform-id-of-ada"}
    assert check_name(course.campus.folder, claims, "countess") == "ada"
    with pytest.raises(NotTheirName):
        check_name(course.campus.folder, claims | {"sub": "somebody-else"}, "ada")
    members.pop()


def test_a_damaged_answer_is_never_taken_for_a_smaller_class(course: Course):
    course.platform.answers_now.append(Response('{"members": null}', media_type="application/json"))
    assert course.ask("POST", "roster/apply", json={}).status_code == 409
    assert course.roster() == set(CLASS)


def test_the_commands_say_the_same(course: Course, monkeypatch: pytest.MonkeyPatch, capsys):
    from tito import cli

    monkeypatch.setenv("CAMPUS_URL", course.hub.service_url("campus"))
    monkeypatch.setenv("COURSE_TOKEN", course.token)

    def tito(*words: str) -> str:
        cli.cli().main([*words], prog_name="tito", standalone_mode=False)
        return capsys.readouterr().out

    assert "is 'Course 7' at" in tito("campus", "status")
    assert "30 students; nothing to change" in tito("campus", "roster", "--plan")
    assert "unchanged: the same people" in tito("campus", "roster", "--yes")
    scores = course.platform.course("7").scores
    scores["2", "platform-id-of-ada"] = {**scores["2", "platform-id-of-ada"], "scoreGiven": 12}
    rows = json.loads(tito("campus", "grades", "status", "--look", "--json"))["scores"]
    row = next(row for row in rows if row["student"] == "ada")
    assert (row["state"], row["score"], row["there"], row["differs"]) == ("sent", 48, 12, True)
    assert re.search(r"ada +scale +48 of 60 +differs", tito("campus", "grades", "status"))
    assert "Sending has started" in tito("campus", "grades", "send")
    assert "used for signing after a day" in tito("campus", "keys", "--rotate")
    assert len(course.campus.keys.published()["keys"]) == 2
    assert re.search(r"would be forgotten \(--yes\): 30 scores, .* 1 linked", tito("campus", "forget"))
    with pytest.raises(TitoError, match="is not frozen"):
        tito("campus", "forget", "--yes")
    monkeypatch.delenv("CAMPUS_URL")
    with pytest.raises(TitoError, match="HUB_SIGN_IN__TOKEN_URL"):
        CampusClient()


def test_the_page_shows_what_waits_and_what_to_paste(course: Course):
    with closing(course.enter("ida")) as ida:
        page = ida.get("/services/home/campus").text
        assert "Course 7" in page and "/services/campus/keys" in page
        assert re.search(r"ada.*Scale|Scale.*ada", page, re.DOTALL)
        plan = ida.get("/services/home/campus/roster").text
        assert "The same people are on the roster now" in plan
        token = re.search(r'name="form_token" value="([^"]+)"', page)
        assert token
        done = ida.post("/services/home/campus/look", data={"form_token": token[1]}).text
        assert "gradebook was checked" in done
    with closing(course.enter("ada")) as ada:
        assert ada.get("/services/home/campus").status_code == 403


def test_in_a_browser_a_class_moves_from_one_course_of_the_platform_to_another(course: Course):
    """Login, linking, roster, deep link and grades as their people do it, inside the platform's page."""
    there = course.platform.course("20")
    there.enrol(*CLASS[:28], "zoe")
    there.enrol("ida", role="Instructor")
    course.platform.fails_every = 1  # no score can go there before the link has made its column
    with chromium() as somebody:
        page = somebody.new_page()
        page.goto(f"{course.platform.url}/choosing/20/ida")
        frame = page.frame_locator("iframe")
        frame.get_by_role("button", name="Open TinyTorch").click()
        with page.expect_popup() as opened:
            frame.get_by_role("button", name="Open the course").click()
        window = opened.value
        window.get_by_role("button", name="Link Course 20 instead").click()
        window.get_by_role("status").filter(has_text="It is linked").wait_for()
        window.get_by_label("01 Scale").check()
        with window.expect_event("close"):
            window.get_by_role("button", name="Put them into the course").click()
        frame.get_by_role("heading", name="Added: 01 Scale").wait_for()
        course.platform.fails_every = 0

        page.goto(f"{course.platform.url}/begin/20/ida")  # in a window of the platform's own, where nothing waits
        page.get_by_role("button", name="Open TinyTorch").click()
        page.get_by_text("put there by ida").wait_for()
        page.get_by_role("button", name="Back without a choice").click()
        page.get_by_role("heading", name="Added: nothing").wait_for()

        page.goto(f"{course.platform.url}/links/20/0/ida")
        page.get_by_role("button", name="Open TinyTorch").click()
        page.wait_for_url(f"{course.hub.url}/services/home/modules/scale")
        page.goto(f"{course.hub.url}/services/home/campus")
        page.get_by_role("link", name="Show what would change").click()
        page.get_by_text("29 students on the platform").wait_for()
        for box in page.get_by_role("checkbox").all():
            box.check()
        page.get_by_role("button", name="Make them the roster").click()
        page.get_by_text("The roster: ").wait_for(timeout=PATIENCE_SECONDS * 1000)
        assert course.roster() == {*CLASS[:28], "zoe"}

        student = somebody.new_context().new_page()
        student.goto(f"{course.platform.url}/links/20/0/zoe")
        student.get_by_role("button", name="Open TinyTorch").click()
        student.wait_for_url(f"{course.hub.url}/services/home/modules/scale")
        assert student.locator(".who .name").inner_text().endswith("zoe")
        student.goto(f"{course.platform.url}/begin/20/zoe")
        student.get_by_role("button", name="Open TinyTorch").click()
        student.get_by_role("heading", name="Modules are chosen by instructors of this course").wait_for()

    course.tell(["zoe"], 57.0, minutes=5)
    course.campus.send(utc_now() + timedelta(days=1))
    assert there.scores["1", "platform-id-of-zoe"]["scoreGiven"] == 57
    assert [(each["label"], each["scoreMaximum"]) for each in there.columns.values()] == [("01 Scale", 100)], (
        "a second one"
    )
