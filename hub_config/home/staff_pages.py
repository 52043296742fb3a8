"""What staff see: the class by module, what is waiting to be graded, and the semester with its schedule and plan."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from hub_config.home.class_sections import part_of
from hub_config.home.course_map import module_titles
from hub_config.home.guard import Asking, find_grader, find_manager, find_staff
from hub_config.home.hints import hints_opened
from hub_config.home.neighbours import Missing, frozen_of, gather
from hub_config.home.schedule_view import lab_rows, schedule_rows
from hub_config.home.session import Viewer
from hub_config.home.staff import module_rows, stuck
from hub_config.home.views import clock_for, render

router = APIRouter()
Staff = Annotated[Viewer, Depends(find_staff)]
Grader = Annotated[Viewer, Depends(find_grader)]
Manager = Annotated[Viewer, Depends(find_manager)]
Sections = Annotated[Sequence[str], Query(max_length=200)]


@router.get("/class")
async def class_page(request: Request, viewer: Staff, ask: Asking, section: Sections = ()) -> Response:
    """Show counts by module, who is late or missing, and who may be stuck: in the class or in sections."""
    people = await ask.people()
    part = part_of(people, section)
    got = await gather(
        course=ask.course(), progress=ask.progress(), steps=ask.steps(), overview=ask.grading_overview(part.chosen)
    )
    got["people"] = people
    course, absent = got["course"], _absent(got)
    if isinstance(course, Missing):
        return render(request, "no_course.html", course=course, absent=absent)
    rows, waiting, hints = None, [], []
    overview = {} if isinstance(got["overview"], Missing) else got["overview"]
    graded = overview.get("modules", [])
    if not any(isinstance(got[key], Missing) for key in ("people", "progress", "steps")):
        clock, names = clock_for(course), part.names
        steps = got["steps"]["steps"]
        rows = module_rows(course, names, got["progress"], steps, graded, clock)
        waiting = stuck(course, names, steps, clock)
        hints = hints_opened(course, names, got["steps"]["hints"])
    # The actions that the grading service offers; none while it does not answer.
    orders = {each["kind"]: each["order"] for each in overview.get("buttons", []) if each["said"]}
    data: dict[str, Any] = {"rows": rows, "stuck": waiting, "hints": hints, "orders": orders, "part": part}
    return render(request, "class.html", course=course, **data, absent=absent)


@router.get("/grading")
async def grading_page(request: Request, viewer: Grader, ask: Asking, section: Sections = ()) -> Response:
    """Show what is waiting to be graded, the formgrader's link, and regrade requests: for the class or for sections."""
    part = part_of(await ask.people(), section)
    waits = {"regrades": ask.regrades(), "questions": ask.waiting_questions()}
    asked = {"course": ask.course(), "overview": ask.grading_overview(part.chosen), "workers": ask.grading_workers()}
    got = await gather(**asked, **waits)
    for what in waits:
        got[what] = got[what] if isinstance(got[what], Missing) else [r for r in got[what] if part.has(r["student"])]
    course, overview, titles = got["course"], got["overview"], {}
    if not isinstance(overview, Missing):
        titles = {row["assignment"]: row["assignment"] for row in overview["modules"]}
        titles = titles if isinstance(course, Missing) else module_titles(course)
        rows = {row["assignment"]: row for row in overview["modules"]}
        overview = {**overview, "modules": [rows[slug] for slug in titles if slug in rows]}
    data = {"course": course, "overview": overview, "titles": titles, "regrades": got["regrades"]}
    data |= {"questions": got["questions"], "part": part, "workers": got["workers"]}
    return render(request, "grading.html", **data, clock=clock_for(course), absent=_absent(got))


@router.get("/semester")
async def semester_page(request: Request, viewer: Manager, ask: Asking) -> Response:
    """Show which semester is in force, whether its file has changed, and the schedule."""
    got = await gather(course=ask.course(), status=ask.semester_status(), told=ask.notices(), people=ask.people(),
                       exchange=ask.exchange_course())  # fmt: skip
    status, clock = got["status"], clock_for(got["course"])
    data: dict[str, Any] = {"course": got["course"], "status": status, "absent": _absent({"status": status})}
    data["frozen"] = frozen_of(got["exchange"])
    if not isinstance(status, Missing):
        data |= {"notices": [] if isinstance(got["told"], Missing) else got["told"]}
        data |= {"sections": part_of(got["people"], ()).known}
        data |= {"rows": schedule_rows(status["actions"], got["course"], clock), "clock": clock}
        data |= {"labs": lab_rows(status.get("labs", []), clock)}
    return render(request, "semester.html", **data)


@router.get("/semester/plan")
async def plan_page(request: Request, viewer: Manager, ask: Asking) -> Response:
    """Show what applying the semester file would change."""
    got = await gather(course=ask.course(), plan=ask.plan())
    return render(request, "plan.html", course=got["course"], plan=got["plan"], absent=[])


@router.get("/semester/apply")
async def apply_page(request: Request, viewer: Manager, ask: Asking) -> Response:
    """Show an apply's progress."""
    got = await gather(course=ask.course(), run=ask.applying())
    return render(request, "applying.html", course=got["course"], run=got["run"], absent=[])


def _absent(answers: dict[str, Any]) -> list[Missing]:
    found = {answer.service: answer for answer in answers.values() if isinstance(answer, Missing)}
    return list(found.values())
