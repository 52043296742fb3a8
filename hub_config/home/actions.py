"""The buttons: each asks one service, with the person's own rights, and the next page shows the outcome."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import RedirectResponse, Response

from hub_config.home.cookies import set_cookie
from hub_config.home.course_map import module_titles
from hub_config.home.guard import Asking, check_form, find_grader, find_manager
from hub_config.home.neighbours import Missing, gather
from hub_config.home.session import NOTE_SECONDS
from hub_config.home.views import NOTE_COOKIE, render

router = APIRouter(dependencies=[Depends(check_form)])
ROSTER_SHOWN = 5  # students of a class list: enough to tell which column is which
LARGEST_ROSTER = 900_000  # ten thousand students need less
RELEASED = "{module} is on its way to the students."


@router.post("/semester/apply", dependencies=[Depends(find_manager)])
async def apply(request: Request, ask: Asking, yes: Annotated[list[str] | None, Form()] = None) -> Response:
    """Put the semester file in force, confirming what was ticked."""
    answer = await ask.apply(yes or [])
    if isinstance(answer, Missing):
        return back(request, "semester", answer, "")
    return RedirectResponse(f"{request.app.state.settings.prefix}semester/apply", 303)


@router.post("/semester/roster", dependencies=[Depends(find_manager)])
async def roster(
    request: Request, ask: Asking, class_list: UploadFile, username: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Show how a class list was understood, and what would change with it as the roster; nothing changes yet."""
    plan = ask.roster_plan(class_list.filename or "class list", await class_list.read(), username)
    got = await gather(course=ask.course(), plan=plan)
    return render(request, "roster.html", course=got["course"], plan=got["plan"], shown=ROSTER_SHOWN, absent=[])


@router.post("/semester/roster/apply", dependencies=[Depends(find_manager)])
async def apply_roster(
    request: Request,
    ask: Asking,
    roster: Annotated[str, Form(max_length=LARGEST_ROSTER)],
    seen: Annotated[str, Form(max_length=100)],
    yes: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Replace the roster by the class list that was shown, and put it in force."""
    answer = await ask.roster_apply(roster, seen, yes or [])
    if isinstance(answer, Missing):
        return back(request, "semester", answer, "")
    return RedirectResponse(f"{request.app.state.settings.prefix}semester/apply", 303)


@router.post("/modules/{slug}/release", dependencies=[Depends(find_manager)])
async def release(request: Request, slug: str, ask: Asking) -> Response:
    """Release a module now, or its corrected notebook again."""
    return back(request, "class", await ask.release(slug), RELEASED.format(module=slug))


@router.post("/modules/{slug}/regrade")
async def ask_regrade(
    request: Request,
    slug: str,
    ask: Asking,
    reason: Annotated[str, Form(max_length=4000)],
    exercise: Annotated[str, Form(max_length=128)] = "",
) -> Response:
    """Ask staff to look at a grade again."""
    answer = await ask.ask_regrade(slug, exercise, reason)
    return back(request, f"modules/{slug}", answer, "Your request was sent. The answer will appear here.")


@router.post("/modules/{slug}/late_days")
async def late_days(request: Request, slug: str, ask: Asking, days: Annotated[int, Form(ge=0, le=1000)]) -> Response:
    """Spend late days on a module, or take some back."""
    answer = await ask.spend_late_days(slug, days)
    return back(request, f"modules/{slug}", answer, "Your new due date is below.")


@router.post("/semester/notices", dependencies=[Depends(find_manager)])
async def put_up_notice(
    request: Request,
    ask: Asking,
    text: Annotated[str, Form(max_length=20_000)],
    until: Annotated[str, Form(max_length=40)],
    section: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Put up a notice on the home page for the class or a section of it."""
    answer = await ask.put_up_notice(text, until, section)
    return back(request, "semester", answer, "It is on the home page now.")


@router.post("/semester/notices/{number}/take_down", dependencies=[Depends(find_manager)])
async def take_down_notice(request: Request, number: int, ask: Asking) -> Response:
    """Take a notice off the home page."""
    return back(request, "semester", await ask.take_down_notice(number), "It is gone from the home page.")


@router.post("/modules/{slug}/release_feedback", dependencies=[Depends(find_manager)])
async def release_feedback(
    request: Request, slug: str, ask: Asking, unread: Annotated[Literal["", "yes"], Form()] = ""
) -> Response:
    """Release feedback to the students; ask first if answers are waiting to be read."""
    got = await gather(overview=ask.grading_overview(), course=ask.course())
    course = got["course"]
    waits = None if isinstance(got["overview"], Missing) else _waiting(got["overview"]["modules"], slug)
    if waits and not unread:
        title = slug if isinstance(course, Missing) else module_titles(course).get(slug, slug)
        return render(request, "release.html", course=course, slug=slug, title=title, waits=waits, absent=[])
    answer = await ask.grading_job("release_feedback", slug, unread=unread == "yes")
    return back(request, "class", answer, _said(answer))


def _waiting(modules: list[dict[str, Any]], slug: str) -> dict[str, Any] | None:
    return next((row for row in modules if row["assignment"] == slug and row["unread_answers"]), None)


@router.post("/modules/{slug}/{kind}", dependencies=[Depends(find_manager)])
async def grade(request: Request, slug: str, kind: str, ask: Asking) -> Response:
    """Let the grading service do one kind of its work on a module now; it knows which kinds there are."""
    answer = await ask.grading_job(kind, slug)
    return back(request, "class", answer, _said(answer))


def _said(answer: Any) -> str:
    """Return what the grading service says about the work that it has queued."""
    return "" if isinstance(answer, Missing) else str(answer.get("said") or "It has started.")


@router.post("/regrades/{number}", dependencies=[Depends(find_grader)])
async def answer_regrade(
    request: Request, number: int, ask: Asking, text: Annotated[str, Form(max_length=4000)]
) -> Response:
    """Answer a request to look at a grade again."""
    return back(request, "grading", await ask.answer_regrade(number, text), "Your answer was sent.")


def back(request: Request, page: str, answer: Any, done: str) -> Response:
    """Go to `page`, which says what was done, or why the service refused."""
    settings, sessions = request.app.state.settings, request.app.state.sessions
    refused = isinstance(answer, Missing)
    text = f"The {answer.service} service: {answer.reason}" if refused else done
    response = RedirectResponse(f"{settings.prefix}{page}", 303)
    set_cookie(
        response, settings, NOTE_COOKIE, sessions.note_for("refused" if refused else "done", text[:1000]), NOTE_SECONDS
    )
    return response
