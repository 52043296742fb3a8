"""Questions of students who are stuck: asked on a module's page, answered from the staff's queue."""

from collections import Counter
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from hub_config.home.actions import back
from hub_config.home.course_map import module_titles
from hub_config.home.guard import Asking, Looking, NoPage, check_form, find_grader
from hub_config.home.moments import Clock
from hub_config.home.neighbours import Missing, gather
from hub_config.home.notebook_view import shown_cells
from hub_config.home.results import read_quick
from hub_config.home.session import Viewer
from hub_config.home.views import clock_for, render

router = APIRouter()
Grader = Annotated[Viewer, Depends(find_grader)]
SectionName = Annotated[str, Query(max_length=200)]
FORM = [Depends(check_form)]
SENT = "Your question was sent. The answer will appear here, and your course page will tell you."


@router.get("/questions")
async def queue(request: Request, viewer: Grader, ask: Asking, section: SectionName = "") -> Response:
    """Show the waiting questions, oldest first, of all sections or of one."""
    got = await gather(course=ask.course(), questions=ask.waiting_questions(), people=ask.people())
    absent = [got["questions"]] if isinstance(got["questions"], Missing) else []
    titles = {} if isinstance(got["course"], Missing) else module_titles(got["course"])
    data = {"course": got["course"], "questions": got["questions"], "titles": titles}
    data |= _by_section(got["questions"], got["people"], section)
    return render(request, "questions.html", **data, clock=clock_for(got["course"]), absent=absent)


def _by_section(asked: Any, people: Any, chosen: str) -> dict[str, Any]:
    """What splits the queue: each student's section, how many questions wait in each section, the chosen one."""
    students = [] if isinstance(people, Missing) else people["students"]
    of = {student["username"]: student["section"] for student in students if student.get("section")}
    rows = [] if isinstance(asked, Missing) else asked
    waiting = Counter(of[row["student"]] for row in rows if row["student"] in of)
    if chosen and not isinstance(asked, Missing):
        asked = [row for row in rows if of.get(row["student"]) == chosen]
        waiting.setdefault(chosen, 0)
    counts = {"sections": sorted(waiting.items()), "all": len(rows)}
    return {"questions": asked, "section_of": of, "chosen": chosen, **counts}


@router.get("/questions/{number}")
async def question(request: Request, number: str, viewer: Grader, ask: Asking) -> Response:
    """Show a question with its cell and its notebook, all of it as text, and the form for an answer."""
    got = await gather(course=ask.course(), question=ask.question(number), checks=ask.question_checks(number))
    found = got["question"]
    if isinstance(found, Missing):
        raise NoPage(404 if not found.is_unreachable else 503, "There is no such question", "Go back to the queue.")
    cells, clock = await _cells(ask, found), clock_for(got["course"])
    titles = {} if isinstance(got["course"], Missing) else module_titles(got["course"])
    data = {"course": got["course"], "question": found, "cells": cells, "titles": titles}
    data["checks"] = _checks(got["checks"], found["exercise"], clock)
    return render(request, "question.html", **data, clock=clock, absent=[])


def _checks(got: Any, exercise: str, clock: Clock) -> Any:
    """The visible checks' result, the question's exercise first; Missing if unavailable, None if not requested."""
    quick = None if isinstance(got, Missing) else read_quick(got or None, clock)
    if quick is None:
        return got or None
    return replace(quick, exercises=tuple(sorted(quick.exercises, key=lambda each: each.name != exercise)))


async def _cells(ask: Any, found: dict[str, Any]) -> Any:
    """The attached notebook's cells; Missing if it is unavailable, None if it is damaged, [] if there is none."""
    if not found["notebook"]:
        return []
    files = await ask.question_notebook(found["id"])
    if isinstance(files, Missing):
        return files
    return await run_in_threadpool(shown_cells, next(iter(files.values()), b""))


@router.post("/questions/{number}/take", dependencies=FORM)
async def take(request: Request, number: str, viewer: Grader, ask: Asking) -> Response:
    """Take a question to answer it."""
    return back(
        request, f"questions/{number}", await ask.take_question(number), "It is yours now; nobody else will answer it."
    )


@router.post("/questions/{number}/give_back", dependencies=FORM)
async def give_back(request: Request, number: str, viewer: Grader, ask: Asking) -> Response:
    """Leave a question for somebody else."""
    return back(request, "questions", await ask.give_question_back(number), "Somebody else can take it now.")


@router.post("/questions/{number}/check", dependencies=FORM)
async def check(request: Request, number: str, viewer: Grader, ask: Asking) -> Response:
    """Run the visible checks on the notebook that goes with a question."""
    answer = await ask.check_question(number)
    return back(request, f"questions/{number}#checks", answer, "The checks are running. Their result does not count.")


@router.post("/questions/{number}/answer", dependencies=FORM)
async def answer(
    request: Request,
    number: str,
    viewer: Grader,
    ask: Asking,
    text: Annotated[str, Form(max_length=8000)],
    for_all: Annotated[str, Form(max_length=8000)] = "",
) -> Response:
    """Answer a question; if `for_all` has text, everybody can read it and the answer, without names."""
    answered = await ask.answer_question(number, text, for_all)
    page = f"questions/{number}" if isinstance(answered, Missing) else "questions"
    return back(request, page, answered, "Your answer was sent.")


@router.post("/modules/{slug}/ask", dependencies=FORM)
async def ask_question(
    request: Request,
    slug: str,
    viewer: Looking,
    ask: Asking,
    text: Annotated[str, Form(max_length=8000)],
    exercise: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Ask staff about a module."""
    return back(request, f"modules/{slug}", await ask.ask_question(slug, exercise, text), SENT)


@router.post("/modules/{slug}/take_back", dependencies=FORM)
async def take_back(
    request: Request, slug: str, viewer: Looking, ask: Asking, number: Annotated[str, Form(max_length=64)]
) -> Response:
    """Take back a question that nobody has answered."""
    return back(request, f"modules/{slug}", await ask.take_question_back(number), "Your question was taken back.")
