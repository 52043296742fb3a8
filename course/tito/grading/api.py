"""The HTTP interface of the grading service: jobs and runs for staff, quick results for the student who submitted.

Everything is below the service's prefix; the OpenAPI description is at PREFIX/openapi.json. Errors are {rule, value,
remedy}, as in every service, and the same in one line as `detail`.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from exchange.hub.asking import reason_of
from exchange.hub.database import check_answers
from exchange.hub.identity import Caller, HubIdentity, actor_in
from exchange.hub.refusals import answer, answer_refusals
from exchange.hub.sight import watch
from exchange.protocol.models import Refused
from tito.errors import TitoError
from tito.gradebook.unread import AnswersUnread, refuse_unread

from .board_api import router as board_router
from .client import describe_run
from .corrections_api import router as corrections_router
from .freeze_api import refuse_changes
from .freeze_api import router as freeze_router
from .identity import caller, holder, needs
from .insight import Insight
from .insight_api import router as insight_router
from .kinds import find_kind, names_to_ask_for
from .metrics import grading_metrics
from .overview import router as overview_router
from .overview import rows_to_release
from .queue import Queue
from .reading_api import router as reading_router
from .records import Job, Run
from .regrades import router as regrade_router
from .rights import READ, RUN
from .settings import GradingSettings
from .similarity import KIND as COMPARE
from .similarity import router as similarity_router
from .similarity_forgotten import router as similarity_forgotten_router
from .snapshots import router as snapshot_router
from .students import students_for
from .told_api import router as told_router
from .workers import router as workers_router

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.@+-]{0,127}$")]

MAX_NAME = 255


def _is_asked_for(name: str) -> str:
    if name not in (names := names_to_ask_for()):
        raise ValueError(f"a kind of grading work must be one of {', '.join(names)}")
    return name


KindName = Annotated[
    str,
    AfterValidator(_is_asked_for),
    Field(json_schema_extra=lambda schema: schema.update(enum=names_to_ask_for())),
]

router = APIRouter()


class JobRequest(BaseModel):
    """What to do: a kind of work, a module, and whose submissions (all of them if none is named)."""

    model_config = ConfigDict(extra="forbid")
    kind: KindName
    assignment: Name
    students: list[Name] | None = Field(None, max_length=5000)
    force: bool = False
    unread: bool = False
    """Release feedback even if answers have not been read."""


def queue_of(request: Request) -> Queue:
    return request.app.state.queue


def settings_of(request: Request) -> GradingSettings:
    return request.app.state.settings


QueueHere = Annotated[Queue, Depends(queue_of)]
SettingsHere = Annotated[GradingSettings, Depends(settings_of)]
Anybody = Annotated[Caller, Depends(caller)]
Reader = Annotated[Caller, Depends(needs(READ))]
Instructor = Annotated[Caller, Depends(needs(RUN))]


@router.post("/jobs", status_code=202)
def ask(
    wanted: JobRequest, queue: QueueHere, settings: SettingsHere, person: Anybody, request: Request
) -> dict[str, Any]:  # fmt: skip
    """Queue work; the answer has the job's id and progress. Asking again for work that is still waiting joins it.

    A service that acts for a person names them in the header `Hub-Actor`; this is recorded and gives no rights.
    """
    kind = find_kind(wanted.kind)
    assert kind is not None
    holder(person, kind.scope)
    students = students_for(settings, wanted.kind, wanted.assignment, wanted.students)
    if wanted.kind == "release_feedback" and not wanted.unread:
        refuse_unread(wanted.assignment, rows_to_release(settings, wanted.assignment, students))
    options = {name: True for name in ("force", "unread") if getattr(wanted, name)}
    actor = actor_in(request.headers)[:MAX_NAME] if person.kind == "service" else ""
    asked_by = f"{actor} (by {person.name})" if actor else person.name
    job = queue.submit(wanted.kind, wanted.assignment, students, asked_by=asked_by, **options)
    said = kind.button.said.format(module=wanted.assignment) if kind.button else ""
    return {**_found(queue.progress(job)), "said": said}


@router.get("/jobs")
def list_jobs(queue: QueueHere, _: Reader, limit: Annotated[int, Query(ge=1, le=200)] = 20) -> list[dict[str, Any]]:
    """List the newest jobs."""
    with Session(queue.engine) as session:
        ids = session.scalars(select(Job.id).order_by(Job.asked_at.desc()).limit(limit)).all()
    return [_without_tasks(_found(queue.progress(each))) for each in ids]


@router.get("/jobs/{job}")
def show_job(job: str, queue: QueueHere, _: Reader) -> dict[str, Any]:
    """Return a job's progress, and how each of its submissions ended."""
    return _found(queue.progress(job))


@router.delete("/jobs/{job}")
def cancel_job(job: str, queue: QueueHere, _: Instructor) -> dict[str, Any]:
    """Cancel the part of a job that has not begun yet."""
    _found(queue.progress(job))
    return {"cancelled": queue.cancel(job)}


@router.get("/runs")
def list_runs(
    queue: QueueHere, _: Reader, assignment: str = "", student: str = "", kind: str = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[dict[str, Any]]:  # fmt: skip
    """List recorded runs, the newest first."""
    query = select(Run).order_by(Run.id.desc()).limit(limit)
    for column, value in ((Run.assignment, assignment), (Run.student, student), (Run.kind, kind)):
        if value:
            query = query.where(column == value)
    with Session(queue.engine) as session:
        return [describe_run(run) for run in session.scalars(query)]


@router.get("/runs/{number}")
def show_run(number: int, queue: QueueHere, _: Reader) -> dict[str, Any]:
    """Show one run with its report and everything needed to repeat it."""
    with Session(queue.engine) as session:
        run = session.get(Run, number)
        if run is None:
            raise Refused(f"there is no run {number}", "", "`runs` lists them", 404)
        # Anyone who looks at pairs of similar answers is recorded, which is done elsewhere.
        return {**describe_run(run), "report": {} if run.kind == COMPARE else run.report}


def _found(progress: dict[str, Any] | None) -> dict[str, Any]:
    if progress is None:
        raise Refused("there is no job with that id", "", "`jobs` lists the newest", 404)
    return progress


def _without_tasks(progress: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in progress.items() if name != "tasks"}


def _body(refused: Refused) -> dict[str, str]:
    """Add it in one line too, where programs of earlier versions look."""
    return {**refused.as_dict(), "detail": reason_of(refused.as_dict())}


def _refuse(error: TitoError, **more: Any) -> JSONResponse:
    return answer(Refused(str(error), status=409), _body, **more)


def make_app(
    settings: GradingSettings, queue: Queue, identity: HubIdentity[Caller], prefix: str = "/", lifespan=None
) -> FastAPI:
    """Return the service's application below a prefix such as `/services/grading/`."""
    base = prefix.rstrip("/")
    app = FastAPI(
        title="TinyTorch grading", openapi_url=f"{base}/openapi.json", docs_url=None, redoc_url=None, lifespan=lifespan
    )
    app.state.settings, app.state.queue, app.state.identity = settings, queue, identity
    app.state.insight = Insight(settings, queue)
    answer_refusals(app, _body)
    app.add_exception_handler(AnswersUnread, lambda _, error: _refuse(error, unread=error.waiting))
    app.add_exception_handler(TitoError, lambda _, error: _refuse(error))
    app.get(f"{base}/health")(lambda: {"status": "ok", "waiting": queue.waiting()})
    parts = (
        router,
        overview_router,
        regrade_router,
        corrections_router,
        board_router,
        snapshot_router,
        reading_router,
        insight_router,
        similarity_router,
        similarity_forgotten_router,
        told_router,
        freeze_router,
        workers_router,
    )
    for part in parts:
        app.include_router(part, prefix=f"{base}/api/v1", dependencies=[Depends(refuse_changes)])
    watch(app, grading_metrics(queue), prefix, caller, {"database": lambda: check_answers(queue.engine)})
    return app
