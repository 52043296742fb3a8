"""The ASGI application: its parts put together, refusals written as {rule, value, remedy}, everything measured and
audited.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from exchange.hub import refusals
from exchange.hub.durable import make_folder
from exchange.hub.identity import HubIdentity
from exchange.hub.sight import Watch, add_ready
from exchange.protocol.models import ErrorBody, Refused
from exchange.service import audit, fsck
from exchange.service.blobs import LocalBlobs
from exchange.service.context import Service, system_clock
from exchange.service.database import Database
from exchange.service.group_commit import GroupCommit
from exchange.service.identity import read_caller
from exchange.service.keyring import Keyring
from exchange.service.metrics import Metrics
from exchange.service.middleware import LimitBody
from exchange.service.routes import api_router
from exchange.service.settings import Settings

log = logging.getLogger("exchange")
# What any operation may answer besides its own answers.
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": description}
    for status, description in {
        400: "cut short or not understood",
        401: "no valid token",
        403: "the token lacks the right",
        404: "not found, or not visible to you",
        405: "no such method",
        408: "the upload stalled",
        409: "conflicts with the current state",
        413: "over a limit",
        415: "not a bundle",
        422: "breaks a rule",
        429: "too many",
        503: "the Hub or the database does not answer",
        507: "the disk is full",
    }.items()
}


def build_service(settings: Settings, clock: Callable[[], datetime] | None = None) -> Service:
    """Open database, blobs and keys, bringing the schema up to date."""
    make_folder(settings.data, 0o700)
    database = Database(settings.database_url)
    database.migrate()
    blobs = LocalBlobs(settings.data)
    service = Service(
        settings=settings,
        database=database,
        blobs=blobs,
        identity=HubIdentity(settings.hub_api_url, read_caller, settings.identity_seconds),
        keyring=Keyring(settings.data / "keys", database),
        metrics=Metrics(blobs.free_bytes),
        group_commit=GroupCommit(database),
        clock=clock or system_clock,
    )
    service.keyring.ensure(service.now())
    return service


def create_app(service: Service) -> FastAPI:
    """Make the application around an open service."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        sweeper = asyncio.create_task(_sweep(service))
        try:
            yield
        finally:
            sweeper.cancel()
            await asyncio.gather(sweeper, return_exceptions=True)
            await service.identity.close()
            service.database.close()

    app = FastAPI(
        title="Exchange",
        version="1",
        summary="Releases, submissions and feedback of courses on a JupyterHub",
        lifespan=lifespan,
        # The documentation pages would load scripts from elsewhere; only the description itself is served.
        docs_url=None,
        redoc_url=None,
        openapi_url=service.settings.prefix + "openapi.json",
        responses=REFUSALS,
        # A redirect to a path with a slash would drop the body of an upload.
        redirect_slashes=False,
    )
    app.state.service, app.state.refusals = service, audit.RefusalLimit()
    app.include_router(api_router(), prefix=service.settings.prefix.rstrip("/"))
    app.add_exception_handler(Refused, _on_refused)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(OperationalError, _on_database)
    app.add_exception_handler(Exception, _on_bug)
    app.add_middleware(LimitBody)
    add_ready(app, service.settings.prefix, {"database": service.database.check, "room": service.check_room})
    app.add_middleware(Watch, metrics=service.metrics)
    return app


async def _sweep(service: Service) -> None:
    while True:
        await asyncio.sleep(service.settings.sweep_seconds)
        try:
            removed = await run_in_threadpool(fsck.sweep, service.database, service.blobs, service.settings)
        except Exception:  # the top of this task: a database that is unreachable now may be back in an hour
            log.exception("sweeping failed")
            continue
        if removed:
            log.info("swept %d blobs that no row names", removed)


async def _on_refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    if error.status in (401, 403, 404):
        await run_in_threadpool(_record_refusal, request, error)
    return refusals.answer(error)


def _record_refusal(request: Request, error: Refused) -> None:
    service: Service = request.app.state.service
    caller = getattr(request.state, "caller", None)
    who = caller.name if caller else "anonymous"
    if not request.app.state.refusals.allows(who):
        return
    path = request.path_params
    course, assignment = str(path.get("course", "")), str(path.get("assignment", ""))
    subject = str(path.get("student") or path.get("submission") or "")
    route = request.url.path.removeprefix(service.settings.prefix)
    with service.database.write() as connection:
        audit.record(
            connection,
            service.now(),
            caller,
            verb=_printable(f"{request.method} {route}"),
            course=_printable(course),
            assignment=_printable(assignment),
            subject=_printable(subject),
            status=error.status,
            detail=_printable(str(error)),
        )


def _printable(text: str) -> str:
    return ascii(text)[1:-1]


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    refused = refusals.of_http(request, error)
    if error.status_code == 404:
        return await _on_refused(request, refused)
    return JSONResponse(refused.as_dict(), error.status_code, error.headers)


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return refusals.answer(refusals.of_invalid(error))


async def _on_bug(request: Request, error: Exception) -> JSONResponse:
    # The server writes the traceback to its log; the caller sees none of it.
    refused = Refused("internal error", type(error).__name__, "tell the operator: the log has more")
    return JSONResponse(refused.as_dict(), 500)


async def _on_database(request: Request, error: Exception) -> JSONResponse:
    full = "full" in str(error).lower() or "no space" in str(error).lower() or "disk i/o" in str(error).lower()
    log.error("database: %s", error)
    if full:
        return JSONResponse(Refused("the disk is full", "nothing was stored", "try again later").as_dict(), 507)
    refused = Refused("the database does not answer", remedy="try again in a moment")
    return JSONResponse(refused.as_dict(), 503, {"Retry-After": "2"})
