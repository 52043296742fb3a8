"""Compare the collected answers of a module with each other and with those of earlier semesters."""

from typing import Any, cast

from sqlalchemy import update
from sqlalchemy.orm import Session

from tito.curriculum import load_curriculum
from tito.insight.similarity import Author
from tito.insight.similarity import compare as compare_answers
from tito.judge.compared import Key, Prints, take_fingerprints
from tito.judge.sandbox.find import find_sandbox

from ..queue import Queue, Work
from ..records import Run
from ..settings import GradingSettings
from ..similarity_texts import RELEASE, SOURCE, answers_of, authors, cells_of, earlier_semesters
from ..work import Outcome


def compare(work: Work, settings: GradingSettings, queue: Queue) -> Outcome:
    """Record, by exercise, the pairs that share what few have, and what was not compared and why."""
    module = work.assignment
    given = {side: cells_of(settings.course_dir / side / module, module) for side in (RELEASE, SOURCE)}
    written = load_curriculum(settings.course_tree).find_written(module)
    exercises = [each.name for each in written.exercises if all(each.name in cells for cells in given.values())]
    texts: dict[Key, str] = {(side, name): given[side][name] for side in given for name in exercises}
    for author in authors(settings, module):
        texts |= {(*author, name): text for name, text in answers_of(settings, module, author, exercises)}
    prints, failed = take_fingerprints(texts, find_sandbox())
    report: dict[str, Any] = {
        "semesters": earlier_semesters(settings),
        "exercises": {name: _compared(name, prints) for name in exercises if (SOURCE, name) in prints},
        "not_compared": [{"semester": key[0], "student": key[1], "exercise": key[2], "why": why}
                         for key, why in sorted(failed.items()) if len(key) == 3],
    }  # fmt: skip
    _forget_older_reports(queue, work)
    pairs = sum(len(each["pairs"]) for each in report["exercises"].values())
    return Outcome("done", f"{pairs} pairs to look at", {"report": report})


def _compared(name: str, prints: dict[Key, Prints]) -> dict[str, Any]:
    answers = {cast(Author, key[:2]): value for key, value in prints.items() if key[2:] == (name,)}
    found = compare_answers(answers, prints[RELEASE, name], prints[SOURCE, name])
    pairs = [pair.to_json() for pair in found.pairs]
    return {"pairs": pairs, "excluded": found.excluded, "answers": found.answers, "telling": found.telling}


def _forget_older_reports(queue: Queue, work: Work) -> None:
    """Keep only the facts of earlier comparisons: the newest one alone has names."""
    earlier = update(Run).where(Run.kind == work.kind, Run.assignment == work.assignment, Run.id < work.run_id)
    with Session(queue.engine) as session, session.begin():
        session.execute(earlier.values(report={}))
