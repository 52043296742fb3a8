"""What all services rely on: the Hub's answer is cached briefly, refusals have one format, old names still work."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tito.grading.api import make_app
from tito.grading.queue import Queue
from tito.grading.records import open_database
from tito.grading.settings import GradingSettings
from tito.semester.service.app import create_app as create_semester

from exchange.client import token as tokens
from exchange.hub import identity
from exchange.hub.asking import ServiceClient, Silent, reason_of
from exchange.hub.identity import HubIdentity, actor_in, door_scopes, read_caller, token_in
from exchange.protocol.models import Refused
from tests.exchange.fake_hub import FakeHub

SECONDS = 0.2


@pytest.fixture
def hub():
    with FakeHub() as hub:
        yield hub


@asynccontextmanager
async def asking(hub: FakeHub, seconds: float = identity.REMEMBER_SECONDS) -> AsyncIterator[HubIdentity]:
    who = HubIdentity(hub.url, read_caller, seconds)
    try:
        yield who
    finally:
        await who.close()


async def status(who: HubIdentity, token: str) -> int:
    """Return the status that a service would answer: 200, or that of the refusal."""
    try:
        await who.caller(token)
    except Refused as refused:
        return refused.status
    return 200


def in_time(hub: FakeHub, *steps: Any) -> list[int]:
    """Ask about the first argument, a token, before and after each step, with one identity."""

    async def run() -> list[int]:
        async with asking(hub, SECONDS) as who:
            seen = [await status(who, steps[0])]
            for step in steps[1:]:
                await step() if asyncio.iscoroutinefunction(step) else step()
                seen.append(await status(who, steps[0]))
            return seen

    return asyncio.run(run())


async def longer() -> None:
    await asyncio.sleep(SECONDS + 0.1)


def test_a_revoked_token_works_no_longer_than_an_answer_is_believed(hub):
    token = hub.student("ada", "c")
    assert in_time(hub, token, lambda: hub.models.pop(token), longer) == [200, 200, 401]


def test_a_right_that_was_taken_away_is_gone_as_soon(hub):
    token = hub.service("grading")

    async def run() -> list[bool]:
        async with asking(hub, SECONDS) as who:
            seen = [(await who.caller(token)).has("custom:exchange:collect")]
            hub.models[token]["scopes"] = []
            await longer()
            return [*seen, (await who.caller(token)).has("custom:exchange:collect")]

    assert asyncio.run(run()) == [True, False]


def test_a_logout_counts_at_once(hub):
    token = hub.student("ada", "c")

    async def run() -> int:
        async with asking(hub) as who:
            await who.caller(token)
            hub.models.pop(token)
            who.forget(token)
            return await status(who, token)

    assert asyncio.run(run()) == 401


def test_a_hub_that_is_silent_lets_nobody_in_whom_it_has_not_just_confirmed(hub):
    token = hub.student("ada", "c")
    assert in_time(hub, token, lambda: setattr(hub, "silent", True), longer) == [200, 200, 503]


def test_many_requests_at_once_are_one_question(hub):
    token = hub.student("ada", "c")

    async def run() -> None:
        async with asking(hub) as who:
            await asyncio.gather(*(who.caller(token) for _ in range(30)))

    asyncio.run(run())
    assert hub.asked == 1


def test_what_is_remembered_has_a_bound(hub, monkeypatch):
    monkeypatch.setattr(identity, "CACHE_SIZE", 3)

    async def run() -> int:
        async with asking(hub) as who:
            for number in range(5):
                await status(who, f"wrong {number}")
            return len(who._known)

    assert asyncio.run(run()) == 3


def app(service: str, who: HubIdentity, folder: Path) -> FastAPI:
    """Return the application of a service that asks a Hub to identify callers."""
    if service == "semester":
        made = create_semester(SimpleNamespace(hub_api_url="", places=SimpleNamespace(engine=None)), "/")  # type: ignore[arg-type]
        made.state.identity = who
        return made
    settings = GradingSettings(course_dir=folder, database_url=f"sqlite:///{folder}/grading.db")
    return make_app(settings, Queue(open_database(settings.database_url)), who)


@pytest.mark.parametrize("service", ["grading", "semester"])
def test_all_refusals_have_one_body(hub, tmp_path, service):
    """A missing, wrong or foreign token, a missing right, an unknown address, an invalid body: one format for all."""
    stranger, reader = hub.student("ada", "c"), hub.token("tom", scope=[f"access:services!service={service}"])
    job = {"kind": "dance", "assignment": "tensor", "semester": 1}
    asked = [
        (401, "GET", "/api/v1/jobs" if service == "grading" else "/api/v1/course", "", None),
        (401, "GET", "/api/v1/jobs" if service == "grading" else "/api/v1/course", "wrong", None),
        (403, "GET", "/api/v1/jobs" if service == "grading" else "/api/v1/course", stranger, None),
        (403, "GET", "/api/v1/jobs" if service == "grading" else "/api/v1/people", reader, None),
        (404, "GET", "/api/v1/nothing", reader, None),
        (422, "POST", "/api/v1/jobs" if service == "grading" else "/api/v1/plan", _staff(hub, service), job),
    ]

    async def run() -> list[httpx.Response]:
        async with asking(hub) as who:
            transport = httpx.ASGITransport(app(service, who, tmp_path))
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
                return [
                    await http.request(method, path, json=body, headers={"Authorization": f"token {token}"})
                    for _, method, path, token, body in asked
                ]

    answers = asyncio.run(run())
    assert [answer.status_code for answer in answers] == [row[0] for row in asked]
    for answer in answers:
        body = answer.json()
        assert {"rule", "value", "remedy"} <= set(body)
        assert all(isinstance(text, str) for text in body.values())
        if service == "grading":  # where clients of earlier versions look for the reason
            assert body["detail"] == reason_of(body)


def _staff(hub: FakeHub, service: str) -> str:
    rights = ("read", "run", "manage")
    return hub.token("ida", scope=[f"access:services!service={service}", *(f"custom:{service}:{r}" for r in rights)])


def test_a_refusal_arrives_in_words():
    def say_no(request: httpx.Request) -> httpx.Response:
        return httpx.Response(409, json=Refused("a module is written", "none", "write it").as_dict())

    client = ServiceClient("the grading service", "http://x", "t", transport=httpx.MockTransport(say_no))
    with pytest.raises(Refused, match="the grading service refused GET /jobs: 409 a module is written: none: write it"):
        client.ask("GET", "/jobs")


def test_one_that_does_not_answer_may_be_tried_again():
    begun = time.monotonic()
    with pytest.raises(Silent, match=r"the Hub at http://127\.0\.0\.1:1 does not answer"):
        ServiceClient("the Hub", "http://127.0.0.1:1", "t").ask("GET", "/")
    assert isinstance(Silent("x"), ConnectionError) and time.monotonic() - begun < 30


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"rule": "a rule", "value": "1", "remedy": "two"}, "a rule: 1: two"),
        ({"detail": "of an older service"}, "of an older service"),
        ({"message": "of the Hub"}, "of the Hub"),
        (["nothing"], ""),
    ],
)
def test_what_was_said_against_a_request_is_read_in_every_dialect(body, words):
    assert reason_of(body) == words


@pytest.mark.parametrize("name", ["Hub-Actor", "Exchange-Actor", "Grading-Actor"])
def test_for_whom_a_service_acts_is_read_by_its_older_names_too(name):
    assert actor_in(httpx.Headers({name: "ida"})) == "ida"
    assert actor_in(httpx.Headers()) == ""


@pytest.mark.parametrize("older", ["EXCHANGE_TOKEN", "TITO_TOKEN"])
def test_an_older_name_of_the_token_works_with_a_notice(older, capsys, monkeypatch):
    monkeypatch.setattr(tokens, "_told", set())
    environ = {older: "mine", "JUPYTERHUB_API_TOKEN": "the server's"}
    assert [tokens.hub_token(environ, older) for _ in range(2)] == ["mine", "mine"]
    assert capsys.readouterr().err == f"{older} is called COURSE_TOKEN now; the old name still works\n"
    assert tokens.hub_token({**environ, "COURSE_TOKEN": "new"}, older) == "new"
    assert tokens.hub_token({"JUPYTERHUB_API_TOKEN": "the server's"}, older) == "the server's"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("header", ["", "token ", "Basic x", "token päss"])
def test_a_header_without_a_token_is_refused(header):
    with pytest.raises(Refused) as refused:
        token_in(httpx.Headers([(b"authorization", header.encode("latin-1"))]))
    assert refused.value.status == 401


def test_a_services_door_is_what_the_hub_says():
    assert door_scopes("grading", {}) == {"access:services", "access:services!service=grading"}
    assert door_scopes("grading", {"JUPYTERHUB_OAUTH_ACCESS_SCOPES": '["access:services!service=marks"]'}) == {
        "access:services!service=marks"
    }
