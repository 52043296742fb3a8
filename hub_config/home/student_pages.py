"""What a student sees: the way through the course, each module's page, their receipts and feedback."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from hub_config.home import calendar_file
from hub_config.home.about import about
from hub_config.home.calendar_file import calendar
from hub_config.home.course_map import (
    Module,
    Record,
    course_map,
    late_days_given,
    late_days_left,
    milestone_map,
    module_titles,
)
from hub_config.home.guard import FEEDBACK_POLICY, Asking, Looking, NoPage
from hub_config.home.neighbours import Missing, frozen_of, gather
from hub_config.home.next_step import answered, next_step, notices
from hub_config.home.views import clock_for, render

router = APIRouter()


@router.get("/")
async def home(request: Request, viewer: Looking, ask: Asking) -> Response:
    """Show the way through the course; staff who do not take it see the class."""
    settings = request.app.state.settings
    if not viewer.takes(settings.course):
        return RedirectResponse(f"{settings.prefix}{'class' if viewer.manages else 'grading'}", 303)
    got = await gather(
        student=_student(ask), questions=ask.own_questions(), told=ask.notices(), survey=ask.survey_to_ask(),
        exchange=ask.exchange_course(),
    )  # fmt: skip
    course, record, absent = got["student"]
    if isinstance(course, Missing):
        return render(request, "no_course.html", course=course, absent=absent)
    clock = clock_for(course)
    tiers, milestones = course_map(course, record, clock), milestone_map(course, record, clock)
    step = None if record.assignments is None else next_step(tiers)
    said = [*answered(tiers, _rows(got["questions"])), *notices(tiers, step)]
    told: dict[str, Any] = {"step": step, "notices": said, "milestones": milestones, "told": _rows(got["told"])}
    told |= {
        "late_days_left": late_days_left(course, record),
        "late_days_given": late_days_given(course),
        "clock": clock,
        "points": record.points,
        "frozen": frozen_of(got["exchange"]),
        "survey": {} if isinstance(got["survey"], Missing) else got["survey"],
    }
    return render(request, "student.html", course=course, tiers=tiers, absent=absent, **told)


@router.get("/modules/{slug}")
async def module(request: Request, slug: str, viewer: Looking, ask: Asking) -> Response:
    """Show one module: what it is about, dates, attempts with their receipts and results, questions, feedback."""
    asking = {"questions": ask.own_questions(), "answers": ask.answers_for_all(slug), "exchange": ask.exchange_course()}
    got = await gather(student=_student(ask), view=ask.module(slug), **asking)
    course, record, absent = got["student"]
    if isinstance(course, Missing):
        return render(request, "no_course.html", course=course, absent=absent)
    clock = clock_for(course)
    tiers = course_map(course, record, clock)
    found = _find([*(module for tier in tiers for module in tier.modules), *milestone_map(course, record, clock)], slug)
    asked = [row for row in _rows(got["questions"]) if row["assignment"] == slug]
    await gather(**{row["id"]: ask.see_answer(row["id"]) for row in asked if row["answered_at"] and not row["seen_at"]})
    data: dict[str, Any] = {"questions": asked, "answers": _rows(got["answers"]), "frozen": frozen_of(got["exchange"])}
    data["may_ask"] = course.get("questions", True) and not data["frozen"]
    data["late_days_left"] = late_days_left(course, record)
    if isinstance(got["view"], Missing):
        absent, data["about"] = absent if found.is_milestone else [*absent, got["view"]], None
    else:
        data["about"] = about(got["view"], found, tiers)
    return render(request, "module.html", course=course, module=found, clock=clock, **data, absent=absent)


@router.get("/due-dates.ics")
async def due_dates(request: Request, viewer: Looking, ask: Asking) -> Response:
    """Return the viewer's own due dates, for their calendar."""
    course, record, _ = await _student(ask)
    course, clock, settings = _or_refuse(course), clock_for(course), request.app.state.settings
    modules = [module for tier in course_map(course, record, clock) for module in tier.modules]
    modules += milestone_map(course, record, clock)
    page = f"{request.url.scheme}://{request.url.netloc}{settings.prefix}modules/"
    text = calendar(settings.course, course["title"], modules, clock.now, page)
    disposition = f'attachment; filename="{calendar_file.NAME}"'
    return Response(text, media_type=calendar_file.MEDIA_TYPE, headers={"Content-Disposition": disposition})


@router.get("/receipts/{submission}.json")
async def receipt(submission: str, viewer: Looking, ask: Asking) -> Response:
    """Return a receipt as the file that `tito receipt verify` reads."""
    answer = _or_refuse(await ask.receipt(submission))
    disposition = f'attachment; filename="receipt-{answer["receipt"]["assignment"]}.json"'
    return JSONResponse(answer, headers={"Content-Disposition": disposition})


@router.get("/feedback/{submission}")
async def feedback(request: Request, submission: str, viewer: Looking, ask: Asking) -> Response:
    """Show the feedback on a submission, in a frame in which nothing can run."""
    got = await gather(course=ask.course(), files=ask.feedback(submission), row=ask.submission(submission))
    pages = [name for name in _or_refuse(got["files"]) if name.endswith(".html")]
    slug = _or_refuse(got["row"])["assignment"]
    title = slug if isinstance(got["course"], Missing) else module_titles(got["course"]).get(slug, slug)
    data = {"course": got["course"], "submission": submission, "pages": pages, "slug": slug, "title": title}
    return render(request, "feedback.html", **data, absent=[])


@router.get("/feedback/{submission}/{name:path}")
async def feedback_page(submission: str, name: str, viewer: Looking, ask: Asking) -> Response:
    """Return one page of feedback, sandboxed: it was made from a student's notebook."""
    content = _or_refuse(await ask.feedback(submission)).get(name)
    if content is None or not name.endswith(".html"):
        raise NoPage(404, "This feedback has no such page", "Go back to the module's page.")
    return HTMLResponse(content, headers={"Content-Security-Policy": FEEDBACK_POLICY})


async def _student(ask: Asking) -> tuple[Any, Record, list[Missing]]:
    """Ask for everything about the viewer as a student; missing data is listed once for each service."""
    answers = await gather(
        course=ask.course(),
        assignments=ask.assignments(),
        submissions=ask.own_submissions(),
        events=ask.own_events(),
        grading=ask.own_grading(),
    )
    absent = {answer.service: answer for answer in answers.values() if isinstance(answer, Missing)}
    if any(isinstance(answers[key], Missing) for key in ("assignments", "submissions", "events")):
        record = Record()
    else:
        record = Record(answers["assignments"], answers["submissions"], answers["events"])
    if not isinstance(answers["grading"], Missing):
        record.grading, record.points = answers["grading"]["modules"], answers["grading"].get("points", [])
    return answers["course"], record, list(absent.values())


def _rows(answer: Any) -> list[dict[str, Any]]:
    """The rows that a service lists; none while it does not answer (which the page reports once)."""
    return [] if isinstance(answer, Missing) else answer


def _find(modules: list[Module], slug: str) -> Module:
    for found in modules:
        if found.slug == slug:
            return found
    raise NoPage(404, f"There is no module {slug}", "Choose one from your course.")


def _or_refuse(answer: Any) -> Any:
    if isinstance(answer, Missing):
        status = 503 if answer.is_unreachable else answer.status
        raise NoPage(status, f"The {answer.service} service: {answer.reason}", "Try again, or go back to your course.")
    return answer
