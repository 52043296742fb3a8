"""Points given elsewhere, over HTTP: list the columns, plan and apply a list, and take points back."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from exchange.hub.identity import Caller
from tito.curriculum.milestones import is_milestone
from tito.errors import TitoError
from tito.gradebook.points import PointColumn, find_column, point_columns, put_points, take_points_back
from tito.semester.points import GREATEST, PointsList, check_name, read_points
from tito.semester.read import Valid
from tito.semester.service.access import in_force, manager, refusal
from tito.semester.service.conductor import Places

LARGEST_LIST = 4_000_000
MOST_STUDENTS = 20_000
Manager = Annotated[Caller, Depends(manager)]
router = APIRouter(prefix="/points")


class GivenPoints(BaseModel):
    """A list of points as it was uploaded; settings left empty are found from the list."""

    model_config = ConfigDict(extra="forbid")
    content: Base64Bytes = Field(max_length=LARGEST_LIST)
    file: str = Field(default="list", max_length=200)
    column: str = Field(default="", max_length=200)
    username: str = Field(default="", max_length=200)
    max_score: float | None = Field(default=None, allow_inf_nan=False)


class PlannedPoints(BaseModel):
    """The points that a plan showed, and what it saw of the column before."""

    model_config = ConfigDict(extra="forbid")
    points: dict[str, Annotated[float, Field(ge=0, le=GREATEST)]] = Field(max_length=MOST_STUDENTS)
    max_score: float = Field(gt=0, le=GREATEST)
    file: str = Field(default="list", max_length=200)
    seen: str = Field(max_length=100)


class TakenBack(BaseModel):
    """Whose points are removed; "" removes everybody's, and the column too."""

    model_config = ConfigDict(extra="forbid")
    student: str = Field(default="", max_length=255)


class Course:
    """Where the gradebook is, in the form that its functions expect."""

    def __init__(self, places: Places, valid: Valid) -> None:
        self.course_dir, self.course_id = places.course_dir, valid.semester.course


@router.get("")
def listing(request: Request, who: Manager) -> list[dict[str, Any]]:
    """List the columns with each student's points."""
    return [each.as_dict() for each in point_columns(_course(request)[0])]


@router.post("/{name}/plan")
def plan(request: Request, name: str, given: GivenPoints, who: Manager) -> dict[str, Any]:
    """Return what a list would change; nothing is changed, and a list with any mistake is refused whole."""
    course, valid = _course(request)
    _check_name(request, name)
    before = find_column(course, name)
    most = before.max_score if before else None
    found = read_points(given.content, given.file, name, given.column, given.max_score or most, given.username)
    _check_kept(before, found.points, found.max_score)
    return {**found.as_dict(), **_changes(found, valid, before), "name": name, "seen": _seen(before)}


@router.post("/{name}/apply")
def apply(request: Request, name: str, planned: PlannedPoints, who: Manager) -> dict[str, int]:
    """Enter the points of a plan; points of students whom it does not name stay."""
    course, valid = _course(request)
    _check_name(request, name)
    _check(planned, valid)
    before = find_column(course, name)
    _check_kept(before, planned.points, planned.max_score)
    if planned.seen != _seen(before):
        raise TitoError(f"the points of {name} have changed since the plan was made: make the plan again")
    column = PointColumn(name, planned.max_score, planned.file, who.name, points=planned.points)
    return {"changed": put_points(course.course_dir, course.course_id, column)}


@router.post("/{name}/take_back")
def take_back(request: Request, name: str, whose: TakenBack, who: Manager) -> dict[str, int]:
    """Remove a column, or one student's points in it; repeating this changes nothing."""
    course, _ = _course(request)
    return {"removed": take_points_back(course.course_dir, course.course_id, name, who.name, whose.student)}


def _course(request: Request) -> tuple[Course, Valid]:
    service = request.app.state.service
    valid = in_force(service.conductor)
    return Course(service.places, valid), valid


def _check_name(request: Request, name: str) -> None:
    slugs = {module.slug for module in request.app.state.service.places.curriculum().modules}
    columns = [each.name for each in point_columns(_course(request)[0])]
    alike = next((each for each in columns if each.lower() == name.lower() and name not in columns), "")
    taken = f"the column {alike}, except for capitals" if alike else ""
    check_name(name, "a module" if name.lower() in slugs else "a milestone" if is_milestone(name.lower()) else taken)


def _check_kept(before: PointColumn | None, points: Mapping[str, float], max_score: float) -> None:
    """Raise TitoError if somebody whose points stay would have more than the maximum."""
    stay = {} if before is None else {who: value for who, value in before.points.items() if who not in points}
    if over := sorted(who for who, value in stay.items() if value > max_score):
        raise TitoError(
            f"{over[0]} has {stay[over[0]]:g} points, more than the maximum of {max_score:g}, and the list has no "
            "new points for them: raise the maximum, or take their points back first"
        )


def _changes(found: PointsList, valid: Valid, before: PointColumn | None) -> dict[str, Any]:
    """Return whose points change and how, who is unknown here, and who in the class has no points in the list."""
    members = {student.username for student in valid.students}
    had = before.points if before else {}
    mine = {who: value for who, value in found.points.items() if who in members}
    changes = [
        {"student": who, "before": had.get(who), "after": value}
        for who, value in sorted(mine.items())
        if had.get(who) != value
    ]
    return {
        "changes": changes,
        "unchanged": len(mine) - len(changes),
        "unknown": sorted((found.points.keys() | set(found.empty)) - members),
        "missing": sorted(members - mine.keys()),
        "points": mine,
        "max_before": before.max_score if before else None,
    }


def _check(planned: PlannedPoints, valid: Valid) -> None:
    members = {student.username for student in valid.students}
    if strangers := sorted(planned.points.keys() - members):
        raise refusal(422, "points must be for students on the roster", strangers[0], "make the plan again")
    if over := [who for who, value in planned.points.items() if value > planned.max_score]:
        raise refusal(
            422, f"{over[0]} has more than {planned.max_score:g} points", "", "correct the list and plan again"
        )


def _seen(before: PointColumn | None) -> str:
    """Return a digest of a column as it is now, so that a later change is noticed."""
    state = [before.max_score, sorted(before.points.items())] if before else []
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()
