"""Who reads which answers: a reader's list, all readers' progress, sharing out and handing over."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from hub_config.home.actions import back
from hub_config.home.course_map import module_titles
from hub_config.home.guard import Asking, NoPage, check_form, find_grader, find_manager
from hub_config.home.neighbours import Missing, gather
from hub_config.home.reading_view import SHARES, first_list, plan_words, rows_for, state_words, strictness_words
from hub_config.home.session import Viewer
from hub_config.home.views import render

router = APIRouter()
Grader = Annotated[Viewer, Depends(find_grader)]
Manager = Annotated[Viewer, Depends(find_manager)]
FORM = [Depends(check_form)]
Word = Annotated[str, Form(max_length=255)]


@router.get("/reading/{slug}")
async def reading_page(
    request: Request, slug: str, viewer: Grader, ask: Asking, share: str = "", question: str = "", section: str = ""
) -> Response:
    """Show a module's answers to read, who reads them and how far each reader has got."""
    return await _page(request, slug, viewer, ask, share, question, section)


@router.post("/reading/{slug}/share", dependencies=FORM)
async def share_out(
    request: Request, slug: str, viewer: Manager, ask: Asking, by: Word, readers: Annotated[list[str] | None, Form()]
    = None, again: Word = "", yes: Word = "",
) -> Response:  # fmt: skip
    """Share the reading out; without `yes`, only show the plan."""
    how = {"by": by, "readers": readers or [], "again": again == "yes"}
    if not readers:
        return back(request, f"reading/{slug}", Missing("grading", "nobody was chosen to read", 422), "")
    done = await ask.share_reading(slug, **how, yes=yes == "yes")
    if yes or isinstance(done, Missing):
        said = "" if isinstance(done, Missing) else f"Shared out: {plan_words(done)}"
        return back(request, f"reading/{slug}", done, said)
    return await _page(request, slug, viewer, ask, plan={**how, "words": plan_words(done), "moves": done["moves"]})


@router.post("/reading/{slug}/hand_over", dependencies=FORM)
async def hand_over(
    request: Request, slug: str, viewer: Grader, ask: Asking, giver: Word, to: Word = "", question: Word = "",
    section: Word = "",
) -> Response:  # fmt: skip
    """Give the waiting answers of a share to somebody else, or to nobody in particular."""
    which = {"giver": giver, "to": to, "question": question, "section": section}
    done = await ask.hand_reading_over(slug, **which, yes=True)
    said = "" if isinstance(done, Missing) else f"Handed over: {plan_words(done)}"
    return back(request, f"reading/{slug}", done, said)


async def _page(
    request: Request, slug: str, viewer: Viewer, ask: Any, share: str = "", question: str = "", section: str = "",
    plan: dict[str, Any] | None = None,
) -> Response:  # fmt: skip
    got = await gather(course=ask.course(), reading=ask.reading(slug))
    course, reading = got["course"], got["reading"]
    if isinstance(reading, Missing):
        status = 503 if reading.is_unreachable else 404
        raise NoPage(status, f"The grading service: {reading.reason}", "Go back to Grading, or try again.")
    share = share if share in SHARES else first_list(reading, viewer.name)
    listed = rows_for(reading, viewer.name, share, question, section)
    rows = [{**row, "state": state_words(row, viewer.name)} for row in listed]
    progress = [{**row, "strictness": strictness_words(row["strictness"])} for row in reading["progress"]]
    titles = {} if isinstance(course, Missing) else module_titles(course)
    return render(
        request, "reading.html", course=course, absent=[], slug=slug, title=titles.get(slug, slug), reading=reading,
        rows=rows, progress=progress, share=share, shares=SHARES, question=question, which_section=section, plan=plan,
    )  # fmt: skip
