"""The buttons: each asks one service, with the person's own rights, and says on the next page what came of it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from hub_config.home.guard import Asking, check_form, find_grader, find_manager
from hub_config.home.login import set_cookie
from hub_config.home.neighbours import Missing
from hub_config.home.session import NOTE_SECONDS
from hub_config.home.views import NOTE_COOKIE

router = APIRouter(dependencies=[Depends(check_form)])
Job = Literal["collect", "autograde", "feedback", "release_feedback"]
DONE = {
    "release": "{module} is on its way to the students.",
    "collect": "Collecting {module} has begun.",
    "autograde": "Grading {module} has begun.",
    "feedback": "Feedback on {module} is being made.",
    "release_feedback": "Feedback on {module} is on its way to the students.",
}


@router.post("/semester/apply", dependencies=[Depends(find_manager)])
async def apply(request: Request, ask: Asking, yes: Annotated[list[str] | None, Form()] = None) -> Response:
    """Put the semester file in force, with a yes to what was ticked."""
    answer = await ask.apply(yes or [])
    if isinstance(answer, Missing):
        return _back(request, "semester", answer, "")
    return RedirectResponse(f"{request.app.state.settings.prefix}semester/apply", 303)


@router.post("/modules/{slug}/release", dependencies=[Depends(find_manager)])
async def release(request: Request, slug: str, ask: Asking) -> Response:
    """Release a module now, or its corrected notebook again."""
    return _back(request, "class", await ask.release(slug), DONE["release"].format(module=slug))


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
    return _back(request, f"modules/{slug}", answer, "Your request was sent. The answer will stand here.")


@router.post("/modules/{slug}/{job}", dependencies=[Depends(find_manager)])
async def grade(request: Request, slug: str, job: Job, ask: Asking) -> Response:
    """Collect, grade or give feedback on a module now."""
    return _back(request, "class", await ask.grading_job(job, slug), DONE[job].format(module=slug))


@router.post("/regrades/{number}", dependencies=[Depends(find_grader)])
async def answer_regrade(
    request: Request, number: int, ask: Asking, text: Annotated[str, Form(max_length=4000)]
) -> Response:
    """Answer a request to look at a grade again."""
    return _back(request, "grading", await ask.answer_regrade(number, text), "Your answer was sent.")


def _back(request: Request, page: str, answer: Any, done: str) -> Response:
    """Go to `page`, which says what was done, or what the service said against it."""
    settings, sessions = request.app.state.settings, request.app.state.sessions
    refused = isinstance(answer, Missing)
    text = f"The {answer.service} service: {answer.reason}" if refused else done
    response = RedirectResponse(f"{settings.prefix}{page}", 303)
    set_cookie(
        response, settings, NOTE_COOKIE, sessions.note_for("refused" if refused else "done", text[:1000]), NOTE_SECONDS
    )
    return response
