"""The HTTP interface: the course for everybody in it, the schedule for staff, plan and apply for instructors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from exchange.hub.database import check_answers
from exchange.hub.identity import Caller, HubIdentity, read_caller
from exchange.hub.refusals import answer, answer_refusals
from exchange.hub.sight import watch
from exchange.protocol.models import Refused
from tito.errors import TitoError
from tito.semester import times
from tito.semester.document import Document
from tito.semester.labs import meetings
from tito.semester.preview import preview
from tito.semester.problems import SemesterError
from tito.semester.read import Sources, Valid, validate
from tito.semester.roster import as_csv, parse_roster
from tito.semester.sections import sections_of
from tito.semester.service import confirmation, schedule
from tito.semester.service.access import Ours, caller, in_force, manager, reader, refusal
from tito.semester.service.ahead import Ahead
from tito.semester.service.change import Key
from tito.semester.service.conductor import Conductor, Places
from tito.semester.service.course_view import course_view
from tito.semester.service.database import COLLECT, RELEASE, Action, Confirmed
from tito.semester.service.freeze_routes import ends as delete_router
from tito.semester.service.freeze_routes import router as freeze_router
from tito.semester.service.freezing import Freezing
from tito.semester.service.metrics import semester_metrics
from tito.semester.service.module_view import module_view
from tito.semester.service.notice_routes import router as notice_router
from tito.semester.service.points_routes import router as points_router
from tito.semester.service.roster_upload import Target
from tito.semester.service.scheduler import Scheduler
from tito.semester.service.survey_routes import router as survey_router
from tito.semester.service.surveys import Surveys

LARGEST_TEXT = 2_000_000  # a roster of ten thousand lines is under one
Reader = Annotated[Caller, Depends(reader)]
Manager = Annotated[Caller, Depends(manager)]


@dataclass(frozen=True)
class Service:
    """Everything that the routes use."""

    places: Places
    conductor: Conductor
    scheduler: Scheduler
    freezing: Freezing
    ahead: Ahead
    hub_api_url: str
    file: Path | None = None

    def course(self) -> str:
        """Return the course in force, else that of the file; "" if neither is known."""
        row = self.conductor.in_force()
        return row.course if row else (self.file and _course_of_file(self.file)) or ""

    def close(self) -> None:
        """Close the connections."""
        self.places.hub.close()
        self.places.exchange.close()
        self.places.engine.dispose()


class Given(BaseModel):
    """A semester's texts; without any, the file that the service was started with."""

    model_config = ConfigDict(extra="forbid")
    semester: str | None = Field(default=None, max_length=LARGEST_TEXT)
    roster: str = Field(default="", max_length=LARGEST_TEXT)
    semester_name: str = Field(default="semester.yaml", max_length=500)
    roster_name: str = Field(default="roster.csv", max_length=500)


class GivenList(BaseModel):
    """A class list as it was uploaded; `username` names the heading of the user names, if need be."""

    model_config = ConfigDict(extra="forbid")
    content: Base64Bytes = Field(max_length=2 * LARGEST_TEXT)
    name: str = Field(default="class list", max_length=500)
    username: str = Field(default="", max_length=200)


class GivenRoster(BaseModel):
    """A roster to replace the one that was `seen`, and the kinds of loss that are confirmed."""

    model_config = ConfigDict(extra="forbid")
    roster: str = Field(max_length=LARGEST_TEXT)
    seen: str = Field(max_length=100)
    yes: list[Key] = []


class GivenWithYes(Given):
    """A semester to apply, and the kinds of loss that are confirmed."""

    yes: list[Key] = []


def create_app(service: Service, prefix: str) -> FastAPI:
    """Return the application, served under `prefix`; it runs the scheduler while it is up."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.identity = HubIdentity(service.hub_api_url, read_caller)
        service.scheduler.start()
        service.ahead.start()
        yield
        service.ahead.stop()
        service.scheduler.stop()
        service.close()
        await app.state.identity.close()

    base = prefix.rstrip("/")
    app = FastAPI(
        title="Semester", docs_url=None, redoc_url=None, openapi_url=f"{base}/openapi.json", lifespan=lifespan
    )
    app.state.service, app.state.surveys = service, Surveys(service.places.engine)
    app.include_router(_public(), prefix=base)
    for part in (routes, notice_router, survey_router, points_router, freeze_router, delete_router):
        app.include_router(part, prefix=f"{base}/api/v1")
    app.add_exception_handler(SemesterError, _say_problems)
    app.add_exception_handler(TitoError, _say_error)
    answer_refusals(app)
    app.add_exception_handler(Ours, _say_ours)
    app.add_exception_handler(Refused, _say_the_exchanges)
    metrics = semester_metrics(lambda: service.conductor.in_force() is not None, lambda: service.places.engine)
    watch(app, metrics, prefix, caller, {"database": lambda: check_answers(service.places.engine)})
    return app


def _public() -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return router


routes = APIRouter()


@routes.get("/course", dependencies=[Depends(caller)])
def course(request: Request) -> dict[str, Any]:
    """Return the semester in force: modules, dates, policies; no people."""
    service: Service = request.app.state.service
    return course_view(in_force(service.conductor), service.places.curriculum())


@routes.get("/modules/{slug}", dependencies=[Depends(caller)])
def module(request: Request, slug: str) -> dict[str, Any]:
    """Return what a module is about, what gives points in it, and the milestones that need it."""
    curriculum = request.app.state.service.places.curriculum()
    found = next((each for each in curriculum.modules if each.slug == slug), None)
    if found is None:
        known = ", ".join(each.slug for each in curriculum.modules)
        raise refusal(404, f"the course has no module {slug}", "", f"choose one of {known}")
    return module_view(curriculum, found)


@routes.get("/status")
def status(request: Request, who: Reader) -> dict[str, Any]:
    """Return who put what in force, the state of the file, the schedule, and the last apply."""
    service: Service = request.app.state.service
    row, run = service.conductor.in_force(), service.conductor.run
    return {
        "now": times.now().isoformat(),
        "frozen": service.freezing.frozen(service.course()),
        "in_force": row and {"course": row.course, "file": row.semester_name, "by": row.by, "at": row.at.isoformat()},
        "file": _file_state(service),
        "run": run and run.as_dict(),
        "actions": [_shown(action) for action in schedule.listing(service.places.engine, row.course)] if row else [],
        "confirmed": [_shown_yes(each) for each in service.conductor.confirmed(row.course)] if row else [],
        "labs": _labs(service),
    }


@routes.get("/people")
def people(request: Request, who: Reader) -> dict[str, Any]:
    """Return the roster and the staff of the semester in force, who reads which section, and what is the caller's."""
    valid = in_force(request.app.state.service.conductor)
    semester, staff = valid.semester, valid.semester.staff
    return {
        "students": [student._asdict() for student in valid.students],
        "tas": staff.tas,
        "instructors": staff.instructors,
        "sections": sections_of(valid.students),
        "readers": semester.sections,
        "mine": [section for section, names in semester.sections.items() if who.name in names],
        "conflicts": sorted(each.student for each in semester.conflicts if each.grader == who.name),
    }


@routes.get("/texts")
def texts(request: Request, who: Manager) -> dict[str, str]:
    """Return the semester file and the roster that are in force, as they were written."""
    valid = in_force(request.app.state.service.conductor)
    return {"course": valid.semester.course, "semester": valid.sources.semester, "roster": valid.sources.roster}


@routes.post("/plan")
def plan(request: Request, given: Given, who: Manager) -> dict[str, Any]:
    """Return what applying would change."""
    service: Service = request.app.state.service
    return _plan(service, _given(service, given))


@routes.post("/apply", status_code=202)
def apply(request: Request, given: GivenWithYes, who: Manager) -> dict[str, Any]:
    """Start putting a semester in force; `GET apply` returns its progress, and what must be confirmed."""
    service: Service = request.app.state.service
    return service.conductor.begin(_given(service, given), who.name, given.yes).as_dict()


@routes.post("/roster/plan")
def plan_roster(request: Request, given: GivenList, who: Manager) -> dict[str, Any]:
    """Return how a class list is read, and what it would change as the roster."""
    service: Service = request.app.state.service
    target = _target(service)
    target.check()
    understood = preview(given.content, given.name, given.username)
    roster = understood.as_csv()
    valid = _of_this_course(service, validate(target.with_roster(roster), service.places.curriculum()))
    return {**_plan(service, valid), "list": understood.as_dict(), "roster": roster, "seen": target.seen}


@routes.post("/roster/apply", status_code=202)
def apply_roster(request: Request, given: GivenRoster, who: Manager) -> dict[str, Any]:
    """Write the roster and start putting it in force; unless each loss is confirmed, nothing is written."""
    service: Service = request.app.state.service
    target = _target(service)
    target.check(given.seen)
    roster = as_csv(parse_roster(given.roster, str(target.path)))  # a browser's form has other line ends
    valid = _of_this_course(service, validate(target.with_roster(roster), service.places.curriculum()))
    service.conductor.check(valid, given.yes)
    target.replace(roster)
    return service.conductor.begin(valid, who.name, given.yes).as_dict()


@routes.get("/apply")
def applying(request: Request, who: Reader) -> dict[str, Any]:
    """Return the progress of the last apply."""
    run = request.app.state.service.conductor.run
    if run is None:
        raise refusal(404, "nothing has been applied yet", "", "begin with POST apply")
    return run.as_dict()


@routes.post("/modules/{slug}/{kind}", status_code=202)
def ask(request: Request, slug: str, kind: str, who: Manager) -> dict[str, int]:
    """Release or collect a module now; asking again while it waits changes nothing."""
    service: Service = request.app.state.service
    valid = in_force(service.conductor)
    if kind not in (RELEASE, COLLECT):
        raise refusal(404, "an action must be release or collect", kind, "choose one of them")
    if slug not in valid.selection.built:
        built = ", ".join(valid.selection.built)
        raise refusal(404, f"students of this course do not build the module {slug}", "", f"choose one of {built}")
    number = schedule.ask(service.places.engine, valid.semester.course, kind, slug, who.name, times.now())
    service.scheduler.wake()
    return {"action": number}


def _plan(service: Service, valid: Valid) -> dict[str, Any]:
    changes = service.conductor.plan(valid)
    return {
        "changes": [change.as_dict() for change in changes],
        "confirmations": [each.as_dict() for each in confirmation.needed(changes)],
        "warnings": [str(warning) for warning in valid.warnings],
    }


def _target(service: Service) -> Target:
    if service.file is None:
        remedy = "start the service with --semester FILE, or send texts to `apply`"
        raise refusal(422, "this service has no semester file whose roster it could replace", "", remedy)
    return Target.of(service.file)


def _given(service: Service, given: Given) -> Valid:
    if given.semester is not None:
        sources = Sources(given.semester, given.roster, given.semester_name, given.roster_name)
    elif service.file is not None:
        sources = Sources.of(service.file)
    else:
        raise refusal(
            422, "the request contains no semester", "", "send its texts, or start the service with --semester FILE"
        )
    return _of_this_course(service, validate(sources, service.places.curriculum()))


def _of_this_course(service: Service, valid: Valid) -> Valid:
    """Refuse a semester of another course: its people are none of this service's instructors' business."""
    ours = _course_of_file(service.file) if service.file else None
    if ours is None and (row := service.conductor.in_force()):
        ours = row.course
    if ours is not None and valid.semester.course != ours:
        remedy = "leave `course:` as it is; another course needs its own semester service"
        raise refusal(422, f"this service runs the course {ours}", valid.semester.course, remedy)
    return valid


def _course_of_file(file: Path) -> str | None:
    try:
        return str(Document.parse(file.read_text(encoding="utf-8"), str(file)).data.get("course"))
    except (OSError, UnicodeDecodeError, SemesterError):
        return None


def _file_state(service: Service) -> dict[str, Any] | None:
    """Return whether the service's own file is valid, and whether it is the one in force."""
    if service.file is None:
        return None
    row = service.conductor.in_force()
    try:
        sources = validate(Sources.of(service.file), service.places.curriculum()).sources
    except SemesterError as error:
        return {"name": str(service.file), "problems": [p.as_dict() for p in error.problems], "differs": True}
    differs = row is None or (row.semester, row.roster) != (sources.semester, sources.roster)
    return {"name": str(service.file), "problems": [], "differs": differs}


def _shown(action: Action) -> dict[str, Any]:
    return {
        "id": action.id,
        "kind": action.kind,
        "module": action.module,
        "at": action.at.isoformat(),
        "by": action.by,
        "state": action.state,
        "tries": action.tries,
        "try_after": action.try_after.isoformat(),
        "finished_at": action.finished_at and action.finished_at.isoformat(),
        "message": action.message,
    }


def _labs(service: Service) -> list[dict[str, Any]]:
    """Return the coming labs and, for those that begin soon, how many servers are there."""
    valid = service.conductor.valid_in_force()
    coming = [each for each in meetings(valid.semester) if each.at > times.now()] if valid else []
    return [
        {"at": each.at.isoformat(), "ahead": each.ahead.isoformat(), "section": each.section}
        | {"servers": service.ahead.progress(each), "students": sum(map(each.has, valid.students)) if valid else 0}
        for each in coming
    ]


def _shown_yes(row: Confirmed) -> dict[str, str]:
    return {"key": row.key, "sentence": row.sentence, "by": row.by, "at": row.at.isoformat()}


async def _say_problems(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SemesterError)
    rule = "a list of points must be valid" if "/points/" in request.url.path else "a semester file must be valid"
    body = {"rule": rule, "value": f"{len(error.problems)} problem(s)", "remedy": str(error)}
    return JSONResponse({**body, "problems": [problem.as_dict() for problem in error.problems]}, 422)


async def _say_the_exchanges(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    status = 503 if error.status == 0 else 409
    return answer(Refused(f"the exchange: {error.rule}", error.value, error.remedy, status))


async def _say_ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Ours)
    return answer(error)


async def _say_error(request: Request, error: Exception) -> JSONResponse:
    return answer(Refused(str(error), status=503 if isinstance(error, ConnectionError) else 409))
