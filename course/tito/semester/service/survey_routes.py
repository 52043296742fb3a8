"""Surveys over HTTP: a student's own under an address that does not name them, and distributions for staff."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from exchange.hub.identity import Caller
from tito.insight.survey import LONGEST_TEXT, QUESTIONS, TEXT_TITLE, distributions
from tito.semester import times
from tito.semester.read import Valid
from tito.semester.service.access import caller, in_force, reader, refusal
from tito.semester.service.surveys import Surveys
from tito.semester.surveys import Survey, open_survey, surveys_of

router = APIRouter()
Asking = Annotated[Caller, Depends(caller)]
Reading = Annotated[Caller, Depends(reader)]


class GivenAnswers(BaseModel):
    """What was chosen, by question, and the text; anything missing or empty was not answered."""

    model_config = ConfigDict(extra="forbid")
    answers: dict[str, Annotated[str, Field(max_length=4 * LONGEST_TEXT)]] = Field(max_length=20)


@router.get("/me")
def show(request: Request, who: Asking) -> dict[str, Any]:
    """Show the survey that is open for the caller, and whether they have answered."""
    valid, survey = _open(request, who)
    return {} if survey is None else _shown(valid, survey, _surveys(request).state(_key(valid, survey), who.name))


@router.post("/me/page")
def ask(request: Request, who: Asking) -> dict[str, Any]:
    """Show the same to a page that asks the caller to answer; on the third day this is the last reminder."""
    valid, survey = _open(request, who)
    if survey is None:
        return {}
    today = times.now().astimezone(valid.semester.zone).date().isoformat()
    return _shown(valid, survey, _surveys(request).remind(_key(valid, survey), who.name, today))


@router.put("/me", status_code=204)
def answer(request: Request, given: GivenAnswers, who: Asking) -> None:
    """Take the caller's answer to the open survey."""
    valid, survey = _open(request, who)
    if survey is None:
        raise refusal(409, "no survey is open for you", "", "it is too late, or too early")
    _surveys(request).answer(_key(valid, survey), who.name, _clean(given.answers))


@router.get("/surveys")
def results(request: Request, who: Reading) -> list[dict[str, Any]]:
    """List the surveys with their distributions, from five answers on."""
    valid = in_force(request.app.state.service.conductor)
    found = _surveys(request).tallies(valid.semester.course)
    return [
        {"survey": each.name, "week": each.week, "opens": each.opens.isoformat(), "closes": each.closes.isoformat(),
         **distributions(found.get(each.name, {}))}
        for each in surveys_of(valid.semester)
    ]  # fmt: skip


def _open(request: Request, who: Caller) -> tuple[Valid, Survey | None]:
    """Return the survey that is open for a student; names in those that are over are forgotten on the way."""
    valid = in_force(request.app.state.service.conductor)
    survey = open_survey(valid.semester, times.now())
    _surveys(request).forget_people(valid.semester.course, [survey.name] if survey else [])
    return valid, survey if any(student.username == who.name for student in valid.students) else None


def _surveys(request: Request) -> Surveys:
    surveys: Surveys = request.app.state.surveys
    return surveys


def _key(valid: Valid, survey: Survey) -> tuple[str, str]:
    return valid.semester.course, survey.name


def _shown(valid: Valid, survey: Survey, state: str) -> dict[str, Any]:
    questions = [{"question": q.name, "title": q.title, "choices": q.choices} for q in QUESTIONS]
    words = {"text_title": TEXT_TITLE, "longest_text": LONGEST_TEXT, "questions": questions}
    return {"survey": survey.name, "week": survey.week, "closes": survey.closes.isoformat(), "state": state, **words}


def _clean(answers: dict[str, str]) -> dict[str, str]:
    """Put each answer on one line, without unprintable characters."""
    return {name: " ".join("".join(c if c.isprintable() else " " for c in said).split())
            for name, said in answers.items()}  # fmt: skip
