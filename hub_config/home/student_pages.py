"""What a student sees: the way through the course, each module's page, her receipts and feedback."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from hub_config.home.about import about
from hub_config.home.course_map import Module, Record, Tier, course_map, module_titles
from hub_config.home.guard import FEEDBACK_POLICY, Asking, Looking, NoPage
from hub_config.home.neighbours import Missing, gather
from hub_config.home.next_step import next_step, notices
from hub_config.home.views import clock_for, render

router = APIRouter()


@router.get("/")
async def home(request: Request, viewer: Looking, ask: Asking) -> Response:
    """Show the way through the course; staff who take no part in it see the class."""
    settings = request.app.state.settings
    if not viewer.takes(settings.course):
        return RedirectResponse(f"{settings.prefix}{'class' if viewer.manages else 'grading'}", 303)
    course, record, absent = await _student(ask)
    if isinstance(course, Missing):
        return render(request, "no_course.html", course=course, absent=absent)
    tiers = course_map(course, record, clock_for(course))
    step = None if record.assignments is None else next_step(tiers)
    return render(
        request, "student.html", course=course, tiers=tiers, step=step, notices=notices(tiers, step), absent=absent
    )


@router.get("/modules/{slug}")
async def module(request: Request, slug: str, viewer: Looking, ask: Asking) -> Response:
    """Show one module: what it is about, dates, attempts with their receipts and results, feedback."""
    got = await gather(student=_student(ask), view=ask.module(slug))
    course, record, absent = got["student"]
    if isinstance(course, Missing):
        return render(request, "no_course.html", course=course, absent=absent)
    tiers = course_map(course, record, clock_for(course))
    found, view = _find(tiers, slug), got["view"]
    if isinstance(view, Missing):
        return render(request, "module.html", course=course, module=found, about=None, absent=[*absent, view])
    return render(request, "module.html", course=course, module=found, about=about(view, found, tiers), absent=absent)


@router.get("/receipts/{submission}.json")
async def receipt(submission: str, viewer: Looking, ask: Asking) -> Response:
    """Give a receipt as the file that `tito receipt verify` reads."""
    answer = _or_refuse(await ask.receipt(submission))
    disposition = f'attachment; filename="receipt-{answer["receipt"]["assignment"]}.json"'
    return JSONResponse(answer, headers={"Content-Disposition": disposition})


@router.get("/feedback/{submission}")
async def feedback(request: Request, submission: str, viewer: Looking, ask: Asking) -> Response:
    """Show the feedback on a submission, in a frame that can run nothing."""
    got = await gather(course=ask.course(), files=ask.feedback(submission), row=ask.submission(submission))
    pages = [name for name in _or_refuse(got["files"]) if name.endswith(".html")]
    slug = _or_refuse(got["row"])["assignment"]
    title = slug if isinstance(got["course"], Missing) else module_titles(got["course"]).get(slug, slug)
    data = {"course": got["course"], "submission": submission, "pages": pages, "slug": slug, "title": title}
    return render(request, "feedback.html", **data, absent=[])


@router.get("/feedback/{submission}/{name:path}")
async def feedback_page(submission: str, name: str, viewer: Looking, ask: Asking) -> Response:
    """Give one page of feedback, sandboxed: it was made from a student's notebook."""
    content = _or_refuse(await ask.feedback(submission)).get(name)
    if content is None or not name.endswith(".html"):
        raise NoPage(404, "There is no such page of feedback", "Go back to the module's page.")
    return HTMLResponse(content, headers={"Content-Security-Policy": FEEDBACK_POLICY})


async def _student(ask: Asking) -> tuple[Any, Record, list[Missing]]:
    """Ask for everything about the viewer as a student; what is missing is listed once for each service."""
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
        record.grading = answers["grading"]["modules"]
    return answers["course"], record, list(absent.values())


def _find(tiers: list[Tier], slug: str) -> Module:
    for tier in tiers:
        for found in tier.modules:
            if found.slug == slug:
                return found
    raise NoPage(404, f"There is no module {slug}", "Choose one from your course.")


def _or_refuse(answer: Any) -> Any:
    if isinstance(answer, Missing):
        status = 503 if answer.is_unreachable else answer.status
        raise NoPage(status, f"The {answer.service} service: {answer.reason}", "Try again, or go back to your course.")
    return answer
