"""A course of this Hub beside one of the platform's: real Hub, semester service, grading's API and campus service."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy.orm import Session
from tito.campus.database import open_database
from tito.campus.people import Naming
from tito.campus.platform.client import PlatformClient, outside
from tito.campus.platform.keys import Keys
from tito.campus.platform.tokens import Registration, Tokens
from tito.campus.service.app import create_app
from tito.campus.service.campus import Campus
from tito.campus.service.neighbours import Neighbours
from tito.curriculum import load_curriculum
from tito.grading.api import make_app
from tito.grading.queue import Queue
from tito.grading.records import FeedbackRelease
from tito.grading.records import open_database as open_grading
from tito.grading.settings import GradingSettings

from exchange.hub.identity import HubIdentity, read_caller
from hub_config.settings import CHECKOUT
from hub_config.sign_in.platform_course import CLAIM, note_course
from tests.campus.platform import PlatformWithServices
from tests.harness.plain import PLAIN
from tests.semester.campus import Campus as Hub
from tests.semester.campus import Server, running_campus, wait_for
from tests.semester.conftest import ROSTER, TINY
from tests.sign_in.door import send
from tests.sign_in.platform import CLIENT_ID

COURSE = "tiny-2026"
PATIENCE_SECONDS = 280  # an apply for 300 people, on a machine on which other tests run too
PAUSE = 0.5  # each look costs the processor, and where others want it too there are many
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@dataclass
class Course:
    """What runs, and how its instructor asks."""

    hub: Hub
    platform: PlatformWithServices
    campus: Campus
    queue: Queue
    token: str

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask the campus service as the instructor."""
        headers = {"Authorization": f"token {self.token}"}
        url = f"{self.hub.service_url('campus')}/api/v1/{path}"
        return httpx.request(method, url, headers=headers, timeout=PATIENCE_SECONDS, **PLAIN, **options)

    def tell(self, students: list[str], score: float, assignment: str = "scale", minutes: int = 0) -> None:
        """Let students be told a score, as the release of their feedback does."""
        at = NOON + timedelta(minutes=minutes)
        with Session(self.queue.engine) as session, session.begin():
            for student in students:
                row = {"assignment": assignment, "student": student, "released_at": at}
                session.merge(FeedbackRelease(**row, score=score, max_score=60.0))

    def launch(self, context: str, issuer: str = "", deployment: str = "1") -> None:
        """Let somebody come from a course of the platform, as sign-in notes it."""
        claims = {"iss": issuer or self.platform.url, f"{CLAIM}deployment_id": deployment}
        claims |= {f"{CLAIM}resource_link": {"id": "link-7"}, **self.platform.launch_claims(context)}
        note_course(self.campus.folder, claims)

    def enter(self, name: str) -> httpx.Client:
        """Return a browser-like client of somebody who came from the platform."""
        client = httpx.Client(base_url=self.hub.url, follow_redirects=True, timeout=60, **PLAIN)
        assert send(client, client.post("/hub/lti13/oauth_login", data=self.platform.launch(name))).status_code == 200
        return client

    def key(self, context: str) -> str:
        rows = self.ask("GET", "status").json()["launched"]
        return next(each["key"] for each in rows if each["context"] == context)

    def roster(self) -> set[str]:
        return {row["username"] for row in self.hub.ask("semester", "GET", "people", self.token).json()["students"]}

    def scores(self) -> list[dict[str, Any]]:
        return self.ask("GET", "grades").json()["scores"]


@contextmanager
def running_course(folder: Path, platform: PlatformWithServices) -> Iterator[Course]:
    """Run a Hub whose semester is in force, with the platform's course beside it; nothing is linked yet."""
    (folder / "semester.yaml").write_text(SEMESTER)
    (folder / "roster.csv").write_text(ROSTER)
    shutil.copytree(TINY, folder / "tree")
    tree = folder / "tree"
    by_launch = partial(by_platform, folder, platform)
    with running_campus(folder, COURSE, lambda: load_curriculum(tree), sign_in=by_launch) as hub:
        platform.tool = hub.url
        hub.hub("POST", "/users", json={"usernames": ["ida", "eve"]})
        hub.hub("POST", f"/groups/instructor-{COURSE}/users", json={"users": ["ida"]})
        token = hub.token("ida")
        assert hub.ask("semester", "POST", "apply", token, json={}).status_code == 202
        wait_for(lambda: _applied(hub, token), "the semester to be in force", PATIENCE_SECONDS, PAUSE)
        queue = Queue(open_grading(f"sqlite:///{folder / 'grading.sqlite'}"))
        campus = campus_of(folder / "campus", hub, platform)
        course = Course(hub, platform, campus, queue, token)
        yield from _with_services(course)


# The product's own authenticator and pages, towards the tests' platform.
SIGN_IN = """
c.JupyterHub.authenticator_class = "hub_config.sign_in.lti.Platform"
c.LTI13Authenticator.client_id = [{client_id!r}]
c.LTI13Authenticator.issuer = {issuer!r}
c.LTI13Authenticator.authorize_url = "{issuer}/authorize"
c.LTI13Authenticator.jwks_endpoint = "{issuer}/keys"
c.LTI13Authenticator.username_key = "custom_login"
c.LTI13Authenticator.uri_scheme = "http"
c.Platform.campus_folder = {campus!r}
c.JupyterHub.template_paths = [{templates!r}]
c.JupyterHub.template_vars = dict(
    course_title="A tiny course", way_to_sign_in="lti13", operator="admin", shared_origin="", pages_of=["home"]
)
c.JupyterHub.logo_file = {logo!r}
"""


def by_platform(folder: Path, platform: PlatformWithServices, ports: dict[str, int]) -> str:
    """Return the Hub's configuration with which people come from the platform."""
    pages = CHECKOUT / "hub_config"
    return SIGN_IN.format(
        client_id=CLIENT_ID, issuer=platform.url, campus=str(folder / "campus"),
        templates=str(pages / "templates"), logo=str(pages / "static/logo.svg"),
    )  # fmt: skip


# One module: what a class of 300 needs most of the time for is elsewhere. Nothing of it is released or collected yet.
SEMESTER = """\
course: tiny-2026
title: A tiny course
time_zone: Europe/Berlin
modules: [scale]
schedule:
  scale: {release: 2099-10-05 08:00, due: 2099-10-18 23:59}
staff:
  instructors: [ida]
  tas: [tom]
roster: roster.csv
"""
NO_ROUNDS = 1e6  # seconds: a test's own words move the clockwork


def _with_services(course: Course) -> Iterator[Course]:
    hub = course.hub
    identity = HubIdentity(hub.api, read_caller)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await identity.close()

    settings = GradingSettings(hub.folder / "course")
    grading = make_app(settings, course.queue, identity, "/services/grading/", lifespan)
    servers = [
        Server(grading, hub.ports["grading"]),
        Server(create_app(course.campus, hub.api, "/services/campus/", NO_ROUNDS), hub.ports["campus"]),
    ]
    for server in servers:
        server.start()
    yield course
    for server in servers:
        server.stop()
    course.queue.engine.dispose()


def campus_of(folder: Path, hub: Hub, platform: PlatformWithServices) -> Campus:
    """Return what the campus service does, asking the platform without waiting in between."""
    keys = Keys(folder / "keys")
    platform.tool_keys = keys.published
    tokens = Tokens(Registration(platform.url, CLIENT_ID, f"{platform.url}/token"), keys)
    return Campus(
        course=COURSE,
        folder=folder,
        engine=open_database(f"sqlite:///{folder / 'campus.db'}"),
        keys=keys,
        client=PlatformClient(tokens, outside(), lambda seconds: None),
        neighbours=Neighbours(hub.service_url("semester"), hub.service_url("grading"), hub.tokens["campus"]),
        naming=Naming("custom_login"),
        issuer=platform.url,
        home_url="https://hub.example.org/services/home/",
    )


def _applied(hub: Hub, token: str) -> bool:
    run = hub.ask("semester", "GET", "apply", token).json()
    if run["finished"]:
        assert (run["error"], [each for each in run["changes"] if each["error"]]) == ("", [])
    return run["finished"]
