"""The home page with a real exchange, over real HTTP, and people who use it; the Hub is `FakeHub`.

A test can start the grading service too, with runners that judge with this checkout's modules.
"""

import contextlib
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI
from tito.grading.api import make_app
from tito.grading.pool import RunnerPool
from tito.grading.queue import Queue
from tito.grading.records import open_database
from tito.grading.settings import settings_from_environment

from exchange.hub.identity import HubIdentity, read_caller
from exchange.protocol import scopes
from hub_config.home.app import create_app
from hub_config.home.session import COOKIE
from hub_config.home.settings import load_settings
from hub_config.services import GRADING as GRADING_SERVICE
from tests.exchange.live import COURSE, Live, free_port
from tests.home.test_course_map import course, given

HOME = "/services/home/"
SEMESTER = "http://semester.invalid"
STAFF = ("access:services!service=grading", "custom:grading:grade", "custom:semester:read", scopes.ANSWER)
GRADING_SCOPES = [name for name in GRADING_SERVICE.scopes if name.startswith("custom:")]
START_SECONDS = 120.0  # other tests may run on this machine too


class Visitor(httpx.Client):
    """A person's browser without scripts; it keeps their cookies and follows redirects."""

    def press(self, page: str, action: str, **data: str) -> str:
        """Send a form of `page`; return the resulting page."""
        token = re.search(r'name="form_token" value="([^"]+)"', self.get(HOME + page).text)
        assert token
        return self.post(HOME + action, data={"form_token": token[1], **data}).text


class Pages:
    """A running home page of a course with one module, `tensor`."""

    def __init__(self, live: Live, stack: contextlib.ExitStack, grading_url: str = "") -> None:
        self.live, self.may_ask, self._stack, self.grading_url = live, True, stack, grading_url
        self.sections: dict[str, str] = {}  # student -> section, for each student on the roster
        self.modules = ["tensor"]
        self.url = f"http://127.0.0.1:{free_port()}"
        self.app = create_app(load_settings(self._environment()), self._http)
        stack.enter_context(_served(self.app, self.url))

    def _environment(self) -> dict[str, str]:
        return {
            "JUPYTERHUB_SERVICE_URL": self.url,
            "JUPYTERHUB_API_URL": self.live.hub.url,
            "JUPYTERHUB_API_TOKEN": "home's own",
            "JUPYTERHUB_CLIENT_ID": "service-home",
            "EXCHANGE_URL": self.live.url,
            "SEMESTER_URL": SEMESTER,
            "GRADING_URL": self.grading_url,
            "EXCHANGE_COURSE": COURSE,
        }

    def _http(self) -> httpx.AsyncClient:
        semester = FastAPI()

        @semester.get("/api/v1/course")
        def view() -> dict:
            more = {"title": "Tiny", "time_zone": "UTC", "questions": self.may_ask}
            return {**course(*(given(slug, number) for number, slug in enumerate(self.modules, 1))), **more}

        @semester.get("/api/v1/people")
        def people() -> dict:
            named = {"first_name": "", "last_name": "", "email": ""}
            students = [{"username": name, "section": section, **named} for name, section in self.sections.items()]
            known = sorted({section for section in self.sections.values() if section})
            return {"students": students, "sections": known, "mine": []}

        mounts = {SEMESTER: httpx.ASGITransport(app=semester)}
        return httpx.AsyncClient(mounts=mounts, timeout=START_SECONDS, trust_env=False)

    def cookie(self, name: str, group: str, *scope: str) -> str:
        """Log a person in; return the cookie that their browser keeps."""
        token = self.live.hub.token(name, groups=[group], scope=[scopes.ACCESS, "access:services!service=home", *scope])
        return self.app.state.sessions.cookie_for(token)

    def student_cookie(self, name: str) -> str:
        return self.cookie(name, scopes.student_group(COURSE))

    def ta_cookie(self, name: str) -> str:
        return self.cookie(name, scopes.staff_group(COURSE), *STAFF)

    def student(self, name: str) -> Visitor:
        return self._visitor(self.student_cookie(name))

    def ta(self, name: str) -> Visitor:
        return self._visitor(self.ta_cookie(name))

    def visitor(self, name: str, group: str, *scope: str) -> Visitor:
        return self._visitor(self.cookie(name, group, *scope))

    def _visitor(self, cookie: str) -> Visitor:
        options = {"follow_redirects": True, "trust_env": False, "timeout": START_SECONDS}
        visitor = Visitor(base_url=self.url, cookies={COOKIE: cookie}, **options)  # type: ignore[arg-type]
        return self._stack.enter_context(visitor)


def beside_grading(live: Live, stack: contextlib.ExitStack) -> str:
    """Start the grading service; return its address. It and its runners end with the stack."""
    (folder := live.scratch / "course" / "source").mkdir(parents=True)
    settings = settings_from_environment(
        {}, course_dir=folder.parent, course_id=COURSE, exchange_url=live.url, jobs=1,
        course_tree=Path(__file__).parents[2] / "course", token=live.hub.service("grading", *GRADING_SCOPES),
    )  # fmt: skip
    queue = Queue(open_database(settings.database_url))
    stack.callback(queue.engine.dispose)
    identity = HubIdentity(live.hub.url, read_caller)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with RunnerPool(settings, queue):
            yield
        await identity.close()

    url = f"http://127.0.0.1:{free_port()}"
    stack.enter_context(_served(make_app(settings, queue, identity, lifespan=lifespan), url))
    return url


@contextlib.contextmanager
def _served(app: FastAPI, url: str) -> Iterator[None]:
    """Serve an application in a thread of this process during the block."""
    port = int(url.rpartition(":")[2])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + START_SECONDS
    while not server.started:
        assert thread.is_alive(), f"the home page does not start at {url}"
        assert time.monotonic() < until, f"no home page within {START_SECONDS} s"
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
