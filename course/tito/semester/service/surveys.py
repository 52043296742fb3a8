"""Answers to surveys, kept so that nobody who later reads the database, its backups or the logs learns who said what.

An answer waits in memory, and nowhere else, until there are five; then they are added to the survey's tallies
together. What is stored is a function of the set of answers: no time, no order, no name, no row for one student. Who
has answered is kept in a separate table until the survey closes. docs/student.md says against whom this helps.
"""

import threading
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from tito.insight.survey import Tally, problem_of, tally
from tito.semester.service.access import refusal
from tito.semester.service.database import SurveyPerson, SurveyTally

BATCH = 5  # answers that are stored together
DAYS_ASKED = 3  # an invitation and two reminders
ASK, QUIET, ANSWERED = "ask", "quiet", "answered"
Key = tuple[str, str]  # course and survey


class Surveys:
    """The surveys of one service."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._lock = engine, threading.Lock()
        self._waiting: dict[Key, dict[str, Mapping[str, str]]] = {}
        self._kept: dict[str, list[str]] = {}  # by course the surveys whose people are not forgotten yet

    def state(self, key: Key, student: str) -> str:
        """Return whether a student has answered, should still be asked, or has been asked often enough."""
        with self._lock, Session(self._engine) as session:
            return self._state(key, student, _person(session, key, student))

    def remind(self, key: Key, student: str, day: str) -> str:
        """Return the same for a page that asks on a `day`, and count the day."""
        with self._lock, Session(self._engine) as session, session.begin():
            row = _person(session, key, student)
            state = self._state(key, student, row)
            if state == ANSWERED or row.day == day:
                return ANSWERED if state == ANSWERED else ASK
            if state == ASK:
                row.day, row.days = day, row.days + 1
                session.add(row)
            return state

    def answer(self, key: Key, student: str, answers: Mapping[str, str]) -> None:
        """Take an answer; until it is stored, a second one replaces it."""
        if problem := problem_of(answers):
            raise refusal(422, *problem)
        with self._lock:
            with Session(self._engine) as session:
                if _person(session, key, student).answered:
                    raise refusal(
                        409, f"you have already answered the survey {key[1]}", "", "there is nothing left to do"
                    )
            waiting = self._waiting.setdefault(key, {})
            waiting[student] = answers
            if len(waiting) >= BATCH:
                self._store(key, waiting)
                del self._waiting[key]

    def tallies(self, course: str) -> dict[str, Tally]:
        """Return what was answered, by survey."""
        found: dict[str, Tally] = {}
        with Session(self._engine) as session:
            for row in session.scalars(select(SurveyTally).where(SurveyTally.course == course)):
                found.setdefault(row.survey, Tally())[row.question, row.choice] = row.count
        return found

    def forget_people(self, course: str, but: Collection[str]) -> None:
        """Forget who was asked and who answered, except in the surveys `but`; answers still waiting are dropped."""
        if self._kept.get(course) == sorted(but):
            return
        with self._lock, Session(self._engine) as session, session.begin():
            where = (SurveyPerson.course == course, SurveyPerson.survey.not_in(but))
            session.execute(delete(SurveyPerson).where(*where))
            for key in [key for key in self._waiting if key[0] == course and key[1] not in but]:
                del self._waiting[key]
        self._kept[course] = sorted(but)

    def _state(self, key: Key, student: str, row: SurveyPerson) -> str:
        if row.answered or student in self._waiting.get(key, ()):
            return ANSWERED
        return ASK if row.days < DAYS_ASKED else QUIET

    def _store(self, key: Key, answers: Mapping[str, Mapping[str, str]]) -> None:
        with Session(self._engine) as session, session.begin():
            _add(session, key, tally(answers.values()))
            _tick(session, key, answers)


def _person(session: Session, key: Key, student: str) -> SurveyPerson:
    course, survey = key
    new = SurveyPerson(course=course, survey=survey, student=student, day="", days=0, answered=False)
    return session.get(SurveyPerson, (course, survey, student)) or new


def _add(session: Session, key: Key, counts: Tally) -> None:
    """Add a batch's counts, in the order of their words: the order of rows says nothing about who came first."""
    for (question, choice), count in sorted(counts.items()):
        words = {"course": key[0], "survey": key[1], "question": question, "choice": choice}
        row = session.get(SurveyTally, tuple(words.values())) or SurveyTally(**words, count=0)
        row.count += count
        session.add(row)
        session.flush()


def _tick(session: Session, key: Key, students: Iterable[str]) -> None:
    """Note who has answered, in the order of names; when they were asked is no longer needed."""
    for student in sorted(students):
        row = _person(session, key, student)
        row.day, row.days, row.answered = "", 0, True
        session.add(row)
        session.flush()
