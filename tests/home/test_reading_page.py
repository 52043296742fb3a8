"""The page *Reading* with the real grading service in this process: what readers and instructors see and can do."""

import asyncio
import html
import re
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from tito.grading.api import make_app
from tito.grading.queue import Queue
from tito.grading.records import open_database
from tito.grading.settings import GradingSettings

from exchange.hub.identity import HubIdentity, read_caller
from exchange.protocol import scopes
from hub_config.home.app import create_app
from hub_config.home.reading_view import state_words
from hub_config.home.session import COOKIE
from hub_config.home.settings import load_settings
from tests.exchange.fake_hub import FakeHub
from tests.grading_service.a_reading import MODULE, give, make_reading
from tests.home.test_course_map import course, given

HOME, SEMESTER, GRADING = "/services/home/", "http://semester.invalid", "http://grading.invalid"
DOORS = (scopes.ACCESS, "access:services!service=home", "access:services!service=grading")
TA = (*DOORS, "custom:grading:read", "custom:grading:grade", "custom:semester:read")
INSTRUCTOR = (*TA, "custom:grading:run", "custom:semester:manage")
STUDENTS = ["ada-lovelace", "ben-smith", "chen-li", "dora-gray"]


@pytest.fixture
def hub():
    with FakeHub() as hub:
        yield hub


@pytest.fixture
def graded(tmp_path):
    """Four students with two answers each; tom and eve are TAs, ida the instructor."""
    make_reading(tmp_path / "course", STUDENTS, staff=["eve", "ida", "tom"], sections=dict.fromkeys(STUDENTS[:2], "A"))
    settings = GradingSettings(course_dir=tmp_path / "course", database_url=f"sqlite:///{tmp_path / 'grading.sqlite'}")
    engine = open_database(settings.database_url)
    yield SimpleNamespace(settings=settings, queue=Queue(engine), root=tmp_path / "course")
    engine.dispose()


def visit(hub, graded, scenario) -> None:
    """Run `scenario(browser_of)`, where `browser_of(name)` is a logged-in person's browser without scripts."""

    async def run() -> None:
        identity = HubIdentity(hub.url, read_caller)
        home = create_app(load_settings(environment(hub)), lambda: neighbours(graded, identity))
        async with home.router.lifespan_context(home):

            def browser_of(name: str) -> httpx.AsyncClient:
                token = hub.token(name, scope=INSTRUCTOR if name == "ida" else TA)
                cookies = {COOKIE: home.state.sessions.cookie_for(token)}
                transport = httpx.ASGITransport(home)
                return httpx.AsyncClient(
                    transport=transport, base_url="http://home", cookies=cookies, follow_redirects=True
                )

            try:
                await scenario(browser_of)
            finally:
                await identity.close()

    asyncio.run(run())


def environment(hub) -> dict[str, str]:
    return {
        "JUPYTERHUB_SERVICE_URL": "http://home", "JUPYTERHUB_API_URL": hub.url, "JUPYTERHUB_API_TOKEN": "home's own",
        "JUPYTERHUB_CLIENT_ID": "service-home", "GRADING_URL": GRADING, "SEMESTER_URL": SEMESTER,
        "EXCHANGE_COURSE": "tinytorch-test",
    }  # fmt: skip


def neighbours(graded, identity) -> httpx.AsyncClient:
    semester = FastAPI()
    semester.get("/api/v1/course")(lambda: {**course(given(MODULE)), "title": "Tiny", "time_zone": "UTC"})
    grading = make_app(graded.settings, graded.queue, identity)
    mounts = {SEMESTER: httpx.ASGITransport(semester), GRADING: httpx.ASGITransport(grading)}
    return httpx.AsyncClient(mounts=mounts, trust_env=False)


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


async def press(browser: httpx.AsyncClient, action: str, **data: object) -> str:
    page = (await browser.get(f"{HOME}reading/{MODULE}")).text
    (token, *_) = re.findall(r'name="form_token" value="([^"]+)"', page)
    answer = await browser.post(f"{HOME}reading/{MODULE}/{action}", data={"form_token": token, **data})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_reading_is_shared_out_plan_first_read_and_handed_over(hub, graded):
    async def scenario(browser_of) -> None:
        ida, tom = browser_of("ida"), browser_of("tom")
        plan = text_of(await press(ida, "share", by="question", readers=["eve", "tom"]))
        assert "8 answers: eve 4, tom 4. Nothing has been written yet." in plan
        before = text_of((await tom.get(f"{HOME}reading/{MODULE}")).text)
        assert "0 answers of your share are waiting " in before and "Nothing yet: eve, ida" in before
        done = text_of(await press(ida, "share", by="question", readers=["eve", "tom"], yes="yes"))
        assert "Shared out: 8 answers: eve 4, tom 4." in done

        page = (await tom.get(f"{HOME}reading/{MODULE}")).text
        assert "4 answers of your share are waiting " in text_of(page)
        assert page.count(">strides</td>") == 4 and ">memory</td>" not in page
        assert not [name for name in STUDENTS if name in page]  # answers are read without their authors' names
        of_a = (await tom.get(f"{HOME}reading/{MODULE}?section=A")).text
        assert of_a.count(">strides</td>") == 2

        give(graded.root, "tom", STUDENTS[0], "strides", 4.0)
        over = text_of(await press(tom, "hand_over", giver="tom", to="eve"))
        assert "Handed over: 3 answers: eve 3." in over
        assert "read by you" in text_of((await tom.get(f"{HOME}reading/{MODULE}")).text)
        assert "you may hand over only your own share" in text_of(await press(tom, "hand_over", giver="eve", to="tom"))

    visit(hub, graded, scenario)


def test_a_ta_is_offered_no_sharing_out(hub, graded):
    async def scenario(browser_of) -> None:
        tom = browser_of("tom")
        page = (await tom.get(f"{HOME}reading/{MODULE}")).text
        assert "/next" in page and f'action="{HOME}reading/{MODULE}/share"' not in page
        (token, *_) = re.findall(r'name="form_token" value="([^"]+)"', page)
        sent = {"form_token": token, "by": "student", "readers": ["tom"], "yes": "yes"}
        assert (await tom.post(f"{HOME}reading/{MODULE}/share", data=sent)).status_code == 403
        assert (await tom.get(f"{HOME}reading/nothing")).status_code == 404

    visit(hub, graded, scenario)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"open_by": "eve", "waits": True, "read_by": ""}, "eve has it open"),
        ({"open_by": "tom", "waits": True, "read_by": ""}, "you have it open"),
        ({"open_by": "", "waits": True, "read_by": ""}, "waiting"),
        ({"open_by": "", "waits": True, "read_by": "eve"}, "to be looked at again"),
        ({"open_by": "", "waits": False, "read_by": "eve"}, "read by eve"),
    ],
)
def test_a_state_is_told_in_words(row, words):
    assert state_words(row, "tom") == words
