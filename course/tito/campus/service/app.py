"""The HTTP interface: the public keys for the platform; link, roster and grades for staff."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from exchange.hub.database import check_answers
from exchange.hub.identity import Caller, HubIdentity, read_caller, token_in
from exchange.hub.refusals import answer, answer_refusals
from exchange.hub.sight import Metrics, watch
from exchange.protocol.models import Refused
from tito.campus.database import REFUSED, WAITING
from tito.campus.platform.keys import Keys
from tito.campus.registering import Registering
from tito.campus.service import registration_page
from tito.campus.service.campus import Campus
from tito.campus.service.choices import Choices
from tito.campus.service.clockwork import ROUND_SECONDS, Clockwork
from tito.errors import TitoError

READ, MANAGE = "custom:semester:read", "custom:semester:manage"


async def caller(request: Request) -> Caller:
    """Return who makes this request; raise Refused if the Hub does not know them."""
    return await request.app.state.identity.caller(token_in(request.headers))


async def reader(request: Request) -> Caller:
    """Return who is asking, if they may see the class."""
    return _need(await caller(request), READ, MANAGE)


async def manager(request: Request) -> Caller:
    """Return who is asking, if they may change the semester."""
    return _need(await caller(request), MANAGE)


def _need(who: Caller, *scopes: str) -> Caller:
    if not who.scopes & set(scopes):
        raise Refused(
            f"{who.name}'s token lacks the scope {scopes[0]}", "", "log in as an instructor of the course", 403
        )
    return who


Reader = Annotated[Caller, Depends(reader)]
Manager = Annotated[Caller, Depends(manager)]


def campus_of(request: Request) -> Campus:
    return request.app.state.campus


Here = Annotated[Campus, Depends(campus_of)]
routes, public = APIRouter(), APIRouter()


class Choice(BaseModel):
    """The platform's course to link, by its key."""

    model_config = ConfigDict(extra="forbid")
    key: str = Field(max_length=100)


class Yes(BaseModel):
    """Whether dropping more than a tenth of the class is confirmed."""

    model_config = ConfigDict(extra="forbid")
    drops: bool = False


class Forget(BaseModel):
    """Whether to do it; otherwise, what would be forgotten is counted."""

    model_config = ConfigDict(extra="forbid")
    yes: bool = False


class Chosen(BaseModel):
    """The modules that become links in the platform's course."""

    model_config = ConfigDict(extra="forbid")
    modules: list[Annotated[str, Field(max_length=64)]] = Field(max_length=100)


@public.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@public.get("/keys")
def keys(request: Request) -> dict[str, Any]:
    """Return the public keys with which a platform checks what this Hub signs."""
    return request.app.state.keys.published()


@routes.get("/status")
def status(here: Here, who: Reader) -> dict[str, Any]:
    """Return which course is linked, which ones could be, the last checks of the members, and who has left."""
    return here.status()


@routes.post("/link")
def link(here: Here, who: Manager, wanted: Choice) -> dict[str, Any]:
    """Make one of the platform's courses ours."""
    here.link(wanted.key, who.name)
    return here.status()


@routes.post("/roster/plan")
def plan_roster(here: Here, who: Manager) -> dict[str, Any]:
    """Return what the platform's members would change as the roster."""
    return here.plan_roster()[0].as_dict()


@routes.post("/roster/apply")
def apply_roster(here: Here, who: Manager, yes: Yes) -> dict[str, Any]:
    """Make the platform's members the roster."""
    return here.apply_roster(who.name, yes.drops)


@routes.get("/grades")
def grades(here: Here, who: Reader) -> dict[str, Any]:
    """Return each score that a student was shown: what was sent, what was answered, what differs."""
    return {"scores": here.outbox.rows(), "left": here.status()["left"]}


@routes.post("/grades/send")
def send(request: Request, here: Here, who: Manager) -> dict[str, str]:
    """Send what is waiting now, and try again what the platform refused."""
    here.outbox.retry((REFUSED, "nobody", "left"))
    request.app.state.clockwork.wake()
    return {"said": "Sending has started."}


@routes.post("/grades/look")
def look(here: Here, who: Manager) -> dict[str, Any]:
    """Check what the platform's gradebook has, and return what differs."""
    here.look()
    return {"differs": [row for row in here.outbox.rows() if row["differs"]]}


@routes.post("/keys/rotate")
def rotate(here: Here, who: Manager) -> dict[str, str]:
    """Make a new key: it is published immediately and used for signing after a day."""
    return {"made": here.keys.rotate()}


@routes.post("/forget")
def forget(here: Here, who: Manager, wanted: Forget) -> dict[str, Any]:
    """Forget the link of a frozen course, with its columns, scores and checks of members; repeating finds nothing."""
    return here.forget(wanted.yes)


@routes.get("/choices/{key}")
def choices(here: Here, who: Manager, key: str) -> dict[str, Any]:
    """Return the modules that the person who launched may choose, and which of them are already in that course."""
    return Choices(here, key, who.name).show()


@routes.post("/choices/{key}")
def choose(here: Here, who: Manager, key: str, chosen: Chosen) -> dict[str, Any]:
    """Return the signed answer for the platform, and where the browser takes it; a launch has one answer."""
    return vars(Choices(here, key, who.name).answer(chosen.modules))


def create_waiting_app(keys: Keys, registering: Registering, prefix: str) -> FastAPI:
    """Return the application that is served before a platform is known: the public keys, and its registration."""
    app = FastAPI(title="Campus", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.keys, app.state.registering = keys, registering
    app.include_router(public, prefix=prefix.rstrip("/"))
    app.include_router(registration_page.router, prefix=prefix.rstrip("/"))
    return app


def create_app(
    campus: Campus,
    hub_api_url: str,
    prefix: str,
    round_seconds: float = ROUND_SECONDS,
    registering: Registering | None = None,
) -> FastAPI:
    """Return the application, served under `prefix`; its clockwork runs while it is up."""
    clockwork = Clockwork(campus, round_seconds)
    campus.on_change = clockwork.wake

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.identity = HubIdentity(hub_api_url, read_caller)
        clockwork.start()
        yield
        clockwork.stop()
        campus.client.close()
        campus.neighbours.close()
        campus.engine.dispose()
        await app.state.identity.close()

    base = prefix.rstrip("/")
    app = FastAPI(title="Campus", docs_url=None, redoc_url=None, openapi_url=f"{base}/openapi.json", lifespan=lifespan)
    app.state.campus, app.state.clockwork, app.state.keys = campus, clockwork, campus.keys
    app.state.registering = registering
    app.include_router(public, prefix=base)
    if registering:
        app.include_router(registration_page.router, prefix=base)
    app.include_router(routes, prefix=f"{base}/api/v1")
    answer_refusals(app)
    app.add_exception_handler(TitoError, _say_error)
    watch(app, _metrics(campus), prefix, caller, {"database": lambda: check_answers(campus.engine)})
    return app


def _metrics(campus: Campus) -> Metrics:
    metrics = Metrics("campus")
    for state in (WAITING, REFUSED):
        metrics.gauge(f"scores_{state}", f"Scores that are {state}", partial(_count, campus, state))
    return metrics


def _count(campus: Campus, state: str) -> float:
    return float(sum(row["state"] == state for row in campus.outbox.rows()))


async def _say_error(request: Request, error: Exception) -> JSONResponse:
    return answer(Refused(str(error), status=409))
