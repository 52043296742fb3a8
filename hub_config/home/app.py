"""The application: its routes under the Hub's prefix, its state, and what it says when something is not possible."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from exchange.hub.asking import ServiceClient, tell_number
from exchange.hub.identity import Caller, token_in
from exchange.hub.sight import watch
from exchange.protocol.request_id import current_request_id, passed_on
from hub_config.home import (
    actions,
    board_pages,
    campus_pages,
    check_pages,
    choosing_pages,
    end_pages,
    help_pages,
    insight_pages,
    login,
    own_data_pages,
    own_work,
    points_pages,
    question_pages,
    reading_pages,
    similarity_pages,
    staff_pages,
    student_pages,
    survey_pages,
)
from hub_config.home.cookies import forget_cookie
from hub_config.home.guard import HEADERS, POLICY, LimitedBody, NoPage, NotLoggedIn, Outside, add_headers
from hub_config.home.metrics import home_metrics
from hub_config.home.session import COOKIE, HubUnreachable, Sessions
from hub_config.home.settings import Settings
from hub_config.home.views import HERE, environment, render

TIMEOUT_SECONDS = 20.0  # the semester's page looks at Hub, exchange and gradebook; everything else answers at once


def create_app(
    settings: Settings,
    http: Callable[[], httpx.AsyncClient] | None = None,
) -> FastAPI:
    """Return the home page's application; `http` makes the client with which it asks the other services."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (http or _asking)() as client:
            app.state.http, app.state.sessions = client, Sessions(settings, client)
            yield
            await app.state.sessions.close()

    app = FastAPI(title="Home", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.settings, app.state.templates = settings, environment()
    app.state.help_pages = help_pages.find_guides(settings.docs)
    base = settings.prefix.rstrip("/")
    for router in (
        _health(),
        login.router,
        help_pages.router,
        own_data_pages.router,
        student_pages.router,
        staff_pages.router,
        reading_pages.router,
        insight_pages.router,
        survey_pages.router,
        similarity_pages.router,
        campus_pages.router,
        points_pages.router,
        end_pages.router,
        own_work.router,
        choosing_pages.router,
        question_pages.router,  # before what takes any last word of a module's address
        board_pages.router,
        check_pages.router,
        board_pages.forms,
        actions.router,
    ):
        app.include_router(router, prefix=base)
    if settings.course:
        app.include_router(_course_list(settings))
    app.mount(f"{base}/static", StaticFiles(directory=HERE / "static"))
    app.add_middleware(LimitedBody)
    app.middleware("http")(add_headers)
    watch(app, home_metrics(settings), base, _caller, {"hub": lambda: _hub_answers(settings)})
    _say_what_is_wrong(app)
    return app


def _asking() -> httpx.AsyncClient:
    """Return what asks the other services: a proxy that the environment names must not see the viewers' tokens."""
    hooks = {"request": [tell_number]}
    return httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False, event_hooks=hooks)


def _hub_answers(settings: Settings) -> None:
    hub = ServiceClient("the Hub", settings.hub_api_url, settings.token, timeout_seconds=5)
    try:
        hub.ask("GET", "/")
    finally:
        hub.close()


async def _caller(request: Request) -> Caller:
    return await request.app.state.sessions.caller(token_in(request.headers))


def _health() -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return router


def _course_list(settings: Settings) -> APIRouter:
    """Answer where JupyterLab's Course List believes the formgrader to be."""
    router = APIRouter()

    @router.get(f"{settings.base_url}services/{settings.course}/lab")
    async def formgrader() -> Response:
        return RedirectResponse(settings.formgrader_url)

    return router


def _say_what_is_wrong(app: FastAPI) -> None:
    @app.exception_handler(NotLoggedIn)
    async def not_logged_in(request: Request, error: NotLoggedIn) -> Response:
        if request.method == "GET":
            return login.send_to_login(request)
        return _problem(request, 401, "Your login has ended", "Load the page again; the Hub will ask who you are.")

    @app.exception_handler(Outside)
    async def outside(request: Request, error: Outside) -> Response:
        answer = render(request, "outside.html", 403, course=None, absent=[])
        # Her token was made without a part in the course; the next look makes a new one, with what she has by then.
        forget_cookie(answer, request.app.state.settings, COOKIE)
        return answer

    @app.exception_handler(NoPage)
    async def refused(request: Request, error: NoPage) -> Response:
        return _problem(request, error.status, error.title, error.remedy)

    @app.exception_handler(HubUnreachable)
    async def no_hub(request: Request, error: HubUnreachable) -> Response:
        return _problem(
            request, 503, "The Hub does not answer", "It may be restarting. Load the page again in a moment."
        )

    @app.exception_handler(HTTPException)
    async def not_there(request: Request, error: HTTPException) -> Response:
        if error.status_code == 413:
            return _problem(request, 413, "That is too large", "Send a smaller file; nothing was changed.")
        return _problem(
            request, error.status_code, "There is nothing here", "Check the address, or begin at your course."
        )

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return _problem(request, 422, "The request is not complete", "Go back, load the page again and repeat.")

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        # The server logs the error itself; the viewer learns that it is not her doing.
        remedy = (
            "It is written down for the operator of the Hub. Your work is untouched; try again, or open JupyterLab."
        )
        answer = _problem(request, 500, "Something went wrong here", remedy)
        answer.headers.update({**HEADERS, "Content-Security-Policy": POLICY, **passed_on()})
        return answer


def _problem(request: Request, status: int, title: str, remedy: str) -> Response:
    number = current_request_id() if status >= 500 else ""
    facts = {"code": status, "title": title, "remedy": remedy, "number": number}
    return render(request, "problem.html", status, course=None, absent=[], **facts)
