"""Insight's interface, for staff: the semester, a module, the students behind a number, a student's cell."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from exchange.hub.identity import Caller
from exchange.protocol.models import Refused
from tito.gradebook.reading import reading_shares
from tito.insight.modules import STEPS
from tito.insight.semester import terms

from .identity import needs
from .insight import Insight
from .rights import READ

router = APIRouter(prefix="/insight")
Reader = Annotated[Caller, Depends(needs(READ))]
Name = Annotated[str, Query(max_length=300)]


def insight(request: Request) -> Insight:
    return request.app.state.insight


Here = Annotated[Insight, Depends(insight)]


@router.get("")
def semester(here: Here, _: Reader) -> dict[str, Any]:
    """Show all modules, who is stuck now, and the checks that may be at fault."""
    return here.semester().to_json()


@router.get("/modules/{slug}")
def module(slug: str, here: Here, _: Reader) -> dict[str, Any]:
    """Show a module's numbers, by exercise and check."""
    numbers, exercises, predictions = here.module(slug)
    told = [
        {"prediction": n, "right": len(p["right"]), "wrong": len(p["wrong"])} for n, p in sorted(predictions.items())
    ]
    shown = {"exercises": [each.to_json() for each in exercises], "predictions": told, "terms": terms()}
    return {**numbers.to_json(), **shown}


@router.get("/modules/{slug}/students")
def students(slug: str, number: Name, here: Here, _: Reader, exercise: Name = "", check: Name = "") -> dict[str, Any]:
    """List the students behind a number of a module, an exercise or a check, by name."""
    numbers, exercises, predictions = here.module(slug)
    try:
        if number == "reading":
            return _listed(slug, number, _reading(here, slug))
        if number in ("right", "wrong"):
            return _listed(slug, number, [{"student": name} for name in predictions[exercise][number]], exercise)
        if not exercise:
            return _listed(slug, number, numbers.of(number))
        found = next(each for each in exercises if each.name == exercise)
        return _listed(slug, number, found.of(number, check), exercise, check)
    except (KeyError, StopIteration) as error:
        what = " of ".join(name for name in (number, check, exercise, slug) if name)
        raise Refused(f"there is no list for {what}", "", f"choose one of {', '.join(STEPS)}", 404) from error


def _listed(slug: str, number: str, rows: list[dict[str, Any]], exercise: str = "", check: str = "") -> dict[str, Any]:
    return {"module": slug, "number": number, "exercise": exercise, "check": check, "students": rows}


def _reading(here: Insight, slug: str) -> list[dict[str, Any]]:
    return [
        {"student": s, "share": round(v, 3)} for s, v in sorted(reading_shares(here.settings).get(slug, {}).items())
    ]


@router.get("/modules/{slug}/students/{student}/{exercise}")
def code(slug: str, student: str, exercise: str, here: Here, _: Reader) -> dict[str, Any]:
    """Show one student's cell for an exercise, as text, with its checks."""
    return here.code(slug, student, exercise)
