"""Names are removed from comparisons of every semester and from the record of who looked; counts and others stay."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from tito.grading.records import Job, Run, SimilarityLook, Task, open_database
from tito.grading.similarity_forgotten import NOBODY, Which, _forget_looks, _forget_pairs


def pair(one, other):
    return {"one": one, "other": other, "share": 1.0, "passages": 9, "lines": [[1], [1]]}


def compared(*pairs, failed=()):
    entries = [{"semester": "", "student": name, "exercise": "smooth", "why": "is too long"} for name in failed]
    found = {"smooth": {"pairs": list(pairs), "excluded": "", "answers": 9, "telling": 4}}
    return {"semesters": ["2025-fall"], "exercises": found, "not_compared": entries}


@pytest.fixture
def session(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path}/grading.sqlite")
    now, past = (
        compared(pair(["", "ada"], ["", "ben"]), pair(["", "ben"], ["", "eve"]), failed=["ada"]),
        compared(pair(["", "eve"], ["2025-fall", "ada"])),
    )
    with Session(engine) as session:
        session.execute(insert(Job).values(id="j", kind="compare", assignment="m", asked_by=""))
        session.execute(insert(Task).values(id=1, kind="compare", assignment="m", state="done"))
        for day, report in ((9, past), (1, {}), (19, now)):
            at = datetime(2026, 9, day, tzinfo=UTC)
            session.add(Run(task_id=1, kind="compare", assignment="m", outcome="done", started_at=at, report=report))
            names = {"exercise": "smooth", "one": "ben", "other": "2025-fall/ada"} if report else {}
            session.add(SimilarityLook(assignment="m", by="ida", at=at, **names))
        session.flush()
        yield session
    engine.dispose()


def names(session) -> list[list[str]]:
    looks = session.scalars(select(SimilarityLook).where(SimilarityLook.exercise != ""))
    return [[look.by, look.one, look.other] for look in looks]


def pairs(session) -> list[int]:
    runs = session.scalars(select(Run).order_by(Run.started_at))
    return [len(run.report["exercises"]["smooth"]["pairs"]) if run.report else -1 for run in runs]


def test_a_student_leaves_this_semester_earlier_ones_and_what_was_looked_at(session):
    which = Which(student="ada")
    assert (_forget_pairs(session, which, yes=False), _forget_looks(session, which, yes=False)) == (3, 2)
    assert pairs(session) == [-1, 1, 2] and names(session)[0] == ["ida", "ben", "2025-fall/ada"]
    assert (_forget_pairs(session, which, yes=True), _forget_looks(session, which, yes=True)) == (3, 2)
    assert pairs(session) == [-1, 0, 1] and names(session) == [["ida", "ben", NOBODY]] * 2
    assert (_forget_pairs(session, which, yes=True), _forget_looks(session, which, yes=True)) == (0, 0)


def test_before_a_day_comparisons_go_as_a_whole_and_later_ones_stay(session):
    which = Which(before=datetime(2026, 9, 19, tzinfo=UTC))
    assert (_forget_pairs(session, which, yes=True), _forget_looks(session, which, yes=True)) == (1, 1)
    assert pairs(session) == [-1, -1, 2]
    assert names(session) == [["ida", NOBODY, NOBODY], ["ida", "ben", "2025-fall/ada"]]
    assert _forget_looks(session, which, yes=True) == 0


def test_who_has_part_of_anothers_name_keeps_theirs(session):
    which = Which(student="da")
    assert (_forget_pairs(session, which, yes=True), _forget_looks(session, which, yes=True)) == (0, 0)
