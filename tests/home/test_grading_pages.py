"""From a submission to an answered regrade request, through the pages, with the real grading service."""

import re
import shutil
from contextlib import closing

import httpx
import pytest
from tito.semester.demo import COURSE

from exchange.client.exchange_client import ExchangeClient
from exchange.client.transfer import pack
from tests.home.conftest import class_in_its_second_week
from tests.home.test_pages import HOME, form_token, text_of
from tests.proxies import Proxy, named
from tests.semester.campus import Campus, wait_for

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def graded(proxy: Proxy, tmp_path_factory: pytest.TempPathFactory):
    """A separate class with a running grading service, and chen's solved submission of scale."""
    folder = tmp_path_factory.mktemp("graded")
    with named(proxy), class_in_its_second_week(folder) as campus, campus.grading():
        home = campus.folder / "homes" / "chen" / "scale"
        with ExchangeClient(campus.service_url("exchange"), campus.token("chen")) as exchange:
            exchange.fetch_release(COURSE, "scale", home)
            shutil.copy(campus.folder / "course" / "source" / "scale" / "scale.ipynb", home / "scale.ipynb")
            exchange.submit(COURSE, "scale", pack(home, ["scale.ipynb"]))
        yield campus


def press(client: httpx.Client, path: str, page: str, **data: str) -> str:
    """Press a button on `page`; return the resulting page's text."""
    token = form_token(client.get(HOME + page).text)
    return text_of(client.post(HOME + path, data={"form_token": token, **data}).text)


def see(client: httpx.Client, page: str, words: str) -> str:
    """Reload a page until it contains `words`; return its text."""
    return wait_for(
        lambda: words in (text := text_of(client.get(HOME + page).text)) and text, f"{words!r} on {page}", 120
    )


def counts(client: httpx.Client) -> list[str]:
    """Return the counts in scale's row on the grading page."""
    rows = re.findall(r'<th scope="row">Scale</th>(.*?)</tr>', client.get(HOME + "grading").text, re.DOTALL)
    return re.findall(r'<td class="n">(?:<strong>)?(\d+)', rows[0]) if rows else []


def test_a_submission_is_checked_graded_returned_and_looked_at_again(graded):
    with (
        closing(graded.log_in("chen")) as chen,
        closing(graded.log_in("ida")) as ida,
        closing(graded.log_in("tom")) as tom,
    ):
        for client in (chen, ida, tom):
            client.get(HOME)
        quick = see(chen, "modules/scale", "visible checks pass")
        assert re.search(r"(\d+) of \1 visible checks pass", quick)

        assert "Collecting scale has begun" in press(ida, "modules/scale/collect", "class")
        assert "Grading scale has begun" in press(ida, "modules/scale/autograde", "class")
        # collected, to autograde, to read, graded, late, feedback released
        wait_for(lambda: counts(tom)[:4] in (["2", "0", "1", "2"], ["2", "0", "2", "2"]), "both to be graded", 120)
        assert "written answers" in text_of(tom.get(HOME + "grading").text)
        assert "Graded" not in text_of(chen.get(HOME + "modules/scale").text)

        assert "is being made" in press(ida, "modules/scale/feedback", "class")
        wait_for(lambda: "Release feedback" in ida.get(HOME + "class").text and made(graded) == 2, "feedback", 120)
        asked = press(ida, "modules/scale/release_feedback", "class")
        assert re.search(r"(\d) submissions? of Scale (is|are) waiting to be read, \d answers? in all", asked)
        told = press(ida, "modules/scale/release_feedback", "class", unread="yes")
        assert "on its way to the students" in told
        page = see(chen, "modules/scale", "so far")
        assert "90 of 90 so far; 1 answer (10 points) is still to be read" in page
        assert "Graded in part" in page
        assert "of 100" not in page
        assert "Read feedback" in page
        assert "90 of 90 so far" in text_of(chen.get(HOME).text)

        reason = "My written answer was not read yet."
        assert "Your request was sent" in press(chen, "modules/scale/regrade", "modules/scale", reason=reason)
        assert reason in see(tom, "grading", "chen on scale")
        number = re.search(r"regrades/(\d+)", tom.get(HOME + "grading").text).group(1)
        assert "Your answer was sent" in press(tom, f"regrades/{number}", "grading", text="It is read now.")
        assert "It is read now." in see(chen, "modules/scale", "It is read now.")


def made(campus: Campus) -> int:
    overview = campus.ask("grading", "GET", "overview", campus.token("ida")).json()
    return next(row["feedback_made"] for row in overview["modules"] if row["assignment"] == "scale")


def test_a_faulty_check_is_void_after_the_plan_was_seen_and_counts_again(graded):
    """ida makes it void with a reason; tom, a TA, sees that but can't change it; then ida lets it count again."""
    checks = "grading/scale/checks"
    with closing(graded.log_in("ida")) as ida, closing(graded.log_in("tom")) as tom:
        for client in (ida, tom):
            client.get(HOME)
        press(ida, "modules/scale/collect", "class")
        press(ida, "modules/scale/autograde", "class")
        see(ida, checks, "scale:1")
        assert "Checks of Scale" in text_of(ida.get(HOME + "grading").text)

        plan = press(ida, checks + "/plan", checks, check="scale:1", reason="Its factor is wrong.")
        assert "Make this check void?" in plan and "Students read: Its factor is wrong." in plan
        assert "Void since" not in text_of(ida.get(HOME + checks).text)
        done = press(ida, checks, checks, check="scale:1", reason="Its factor is wrong.")
        assert "The check no longer counts." in done and "by ida: Its factor is wrong." in done

        assert "by ida: Its factor is wrong." in text_of(tom.get(HOME + checks).text)
        token = (
            form_token(tom.get(HOME + "grading").text) if 'name="form_token"' in tom.get(HOME + "grading").text else ""
        )
        assert (
            tom.post(HOME + checks, data={"form_token": token, "check": "scale:1", "undo": "true"}).status_code == 403
        )

        assert "count again?" in press(ida, checks + "/plan", checks, check="scale:1", undo="true")
        back = press(ida, checks, checks, check="scale:1", undo="true")
        assert "The check counts again." in back and "Once void, now counting again" in back
