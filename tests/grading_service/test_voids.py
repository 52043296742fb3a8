"""A faulty check: everybody gets its points, even for work judged later, and all of this can be undone."""

import os
import shutil
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook
from sqlalchemy.orm import Session
from tito.errors import TitoError
from tito.gradebook.feedback import generate_feedback
from tito.gradebook.file import gradebook_url
from tito.gradebook.scores import assignment_score, module_rows
from tito.gradebook.table import export_table
from tito.gradebook.void_marks import mark_voids
from tito.gradebook.voids import history_of, voids_of
from tito.grading.client import Direct
from tito.grading.commands import explain
from tito.grading.queue import Work
from tito.grading.records import Run
from tito.grading.settings import GradingSettings
from tito.grading.voids import Wanted, list_checks, say_what_is_void
from tito.grading.work import perform

from tests.grading_service.place import GOOD, SLUG, TREE, WRONG, answered, make_course, put_submission

# nbgrader 0.9.6 makes objects before it adds them to a session; SQLAlchemy 2.1 warns about this.
pytestmark = [pytest.mark.service, pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")]
HIDDEN = Wanted(SLUG, "scale:2", "It compares with another factor.")


class Class:
    """A course whose submissions are graded in this process, by the same runner as in the service."""

    def __init__(self, root: Path):
        self.root = make_course(root / "course")
        self.door = Direct(GradingSettings(self.root, TREE, f"sqlite:///{root / 'grading.sqlite'}"))
        self.settings, self.queue = self.door.settings, self.door.queue

    def hand_in(self, student: str, answers: dict[str, str] | None) -> None:
        put_submission(self.root, student, answered(self.root, answers) if answers else "{")

    def work(self, kind: str, students: list[str] | None = None, **options: bool) -> list[Work]:
        self.door.submit(kind, SLUG, students, **options)
        done = []
        while work := self.queue.claim("here"):
            outcome = perform(work, self.settings, self.queue)
            assert self.queue.finish(work, "here", outcome.outcome, outcome.message, **outcome.fields)
            done.append(work)
        return done

    def outcomes(self, kind: str) -> dict[str, str]:
        return {
            run.student: run.outcome for run in self.queue.latest_runs(kind, SLUG, ("graded", "refused", "unchanged"))
        }

    def points(self) -> dict[str, float]:
        rows = module_rows(self.settings, SLUG)[SLUG]
        return {row["student"]: row["score"] for row in rows if row["submitted"]}

    def void(self, wanted: Wanted = HIDDEN, plan: bool = False, **changes: object) -> dict:
        return self.door.void(Wanted(**{**vars(wanted), **changes}), plan)  # type: ignore[arg-type]

    def by_hand(self, student: str, cell: str, points: float | None) -> None:
        with Gradebook(gradebook_url(self.root)) as gradebook:
            gradebook.find_grade(cell, SLUG, SLUG, student).manual_score = points
            gradebook.db.commit()


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Class:
    """ada is right, ben and dan fail the hidden check, cleo's file is broken; a TA gave dan points by hand for it."""
    group = Class(tmp_path_factory.mktemp("voids"))
    for student, answers in (("ada", GOOD), ("ben", WRONG), ("cleo", None), ("dan", WRONG)):
        group.hand_in(student, answers)
    group.work("autograde")
    group.by_hand("dan", "test_scale", 33.0)
    return group


@pytest.fixture
def group(graded: Class):
    """The class without a void; a void that a test makes is undone afterwards."""
    yield graded
    if voids_now(graded):
        graded.void(undo=True)
    assert graded.points() == BEFORE


BEFORE = {"ada": 90.0, "ben": 50.0, "cleo": 0.0, "dan": 63.0}
AFTER = BEFORE | {"ben": 90.0}


def voids_now(group: Class) -> list[str]:
    with Gradebook(gradebook_url(group.root)) as gradebook:
        return [void.title for void in voids_of(gradebook, SLUG)]


def test_a_plan_says_names_and_points_and_changes_nothing(group: Class):
    plan = group.void(plan=True)
    assert [(row["student"], row["before"], row["after"], row["by_hand"]) for row in plan["rows"]] == [
        ("ben", 50.0, 90.0, False), ("dan", 63.0, 63.0, True),
    ]  # fmt: skip
    assert plan["rows"][0]["exercises"] == [{"exercise": "scale", "before": 20.0, "after": 60.0, "by_hand": False}]
    assert (plan["not_judged"], plan["judge_again"]) == (["cleo"], [])
    assert (group.points(), voids_now(group)) == (BEFORE, [])


def test_a_void_is_what_was_planned_once_and_reversible(group: Class):
    plan = group.void(plan=True)
    done = group.void()
    assert done["rows"] == plan["rows"] and group.points() == AFTER
    assert group.void()["rows"] == [] and group.points() == AFTER  # repeating it changes nothing
    with pytest.raises(TitoError, match="already void, for another reason"):
        group.void(reason="Something else.")
    assert [row["after"] for row in group.void(undo=True)["rows"]] == [50.0, 63.0]
    assert group.points() == BEFORE
    assert group.void(undo=True)["rows"] == []
    with Gradebook(gradebook_url(group.root)) as gradebook:
        kept = history_of(gradebook, SLUG)[-1]
    who = os.environ.get("USER", "command line")
    assert (kept.reason, kept.by, kept.undone_by) == (HIDDEN.reason, who, who)


def test_it_holds_for_what_is_judged_later_and_in_exports(group: Class):
    """It holds for a forced autograde and a newer attempt, and in the tables for other systems."""
    group.void()
    group.work("autograde", ["ben"], force=True)
    assert group.points() == AFTER
    assert ",90,100," in next(
        line
        for line in export_table("plain", group.door.overview() and rows(group)).splitlines()
        if line.startswith("ben")
    )
    group.hand_in("ben", GOOD)
    group.work("autograde", ["ben"])
    assert group.points() == AFTER
    group.hand_in("ben", WRONG)
    group.work("autograde", ["ben"])
    assert group.points() == AFTER
    group.void(undo=True)
    assert group.points() == BEFORE


def rows(group: Class) -> dict:
    return {SLUG: group.door.rows(SLUG)}


def test_a_penalty_follows_the_new_points(group: Class):
    with Gradebook(gradebook_url(group.root)) as gradebook:
        gradebook.update_or_create_assignment(SLUG, duedate="2026-11-19 20:00:00.000000 UTC")
    (group.root / "semester.json").write_text('{"late": {"penalty_percent_per_day": 10, "grace_minutes": 0}}')
    try:
        row = group.void(plan=True)["rows"][0]
        assert (row["student"], row["after"]) == ("ben", 81.0)
        group.void()
        assert assignment_score(group.settings, SLUG, "ben") == (81.0, 100.0)
        group.void(undo=True)
        assert assignment_score(group.settings, SLUG, "ben") == (45.0, 100.0)
    finally:
        (group.root / "semester.json").unlink()
        with Gradebook(gradebook_url(group.root)) as gradebook:
            gradebook.update_or_create_assignment(SLUG, duedate=None)
            for each in gradebook.assignment_submissions(SLUG):
                each.notebooks[0].late_submission_penalty = None
            gradebook.db.commit()


def test_feedback_tells_students_and_says_nothing_of_what_is_hidden(group: Class):
    group.void()
    said = "hidden check 1 of 1 of scale does not count: everybody has its 40 points. It compares with another factor."
    page = generate_feedback(group.root, "", SLUG, "ben").read_text("utf-8")
    assert page.count(said) == 2  # above and below the tests
    assert "HIDDEN-CANARY" not in page and "60.0 / 60.0" in page


def test_the_page_of_whoever_grades_says_it_too(group: Class):
    group.void()
    with Gradebook(gradebook_url(group.root)) as gradebook:
        voided = voids_of(gradebook, SLUG)
    for student, times in (("ben", 1), ("cleo", 0)):  # nothing of hers was judged
        nb = nbformat.read(group.root / "autograded" / student / SLUG / f"{SLUG}.ipynb", as_version=4)
        assert len(mark_voids(nb, voided)) == times


def test_an_explanation_keeps_the_verdict_and_says_what_is_void(group: Class, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TITO_COURSE", str(TREE))
    words = ["ben", SLUG, "--course-dir", str(group.root), "--database", group.settings.database_url]
    before = CliRunner().invoke(explain, words)
    group.void()
    after = CliRunner().invoke(explain, words)
    assert (before.exit_code, after.exit_code) == (0, 0), after.output
    said = f"      void: everybody has its 40 points. {HIDDEN.reason}\n"
    assert said not in before.output
    assert after.output.replace(said, "") == before.output


def test_a_quick_result_says_which_visible_check_is_void_and_nothing_of_hidden_ones(group: Class):
    def said() -> list[str]:
        modules = {SLUG: {"quick": {"report": {"points": 1.0}}}, "unknown": {"quick": {"waiting": True}}}
        say_what_is_void(group.settings, modules)
        return modules[SLUG]["quick"]["voids"]  # type: ignore[return-value]

    group.void()
    assert said() == []
    group.void(check="scale:1", reason="It rounds.")
    try:
        assert [words.partition("does not count: ")[2] for words in said()] == [
            "everybody has its 20 points. It rounds."
        ]
    finally:
        group.void(check="scale:1", undo=True)


def test_who_was_graded_by_another_verdict_is_judged_again_not_guessed(group: Class):
    """The grade does not match the record, as after a run that died at its last moment."""
    with Gradebook(gradebook_url(group.root)) as gradebook:
        gradebook.find_grade("test_scale", SLUG, SLUG, "ben").auto_score = 7.0
        gradebook.db.commit()
    assert group.void()["judge_again"] == ["ben"]
    group.work("autograde", ["ada"])  # do all that waits along with it
    assert group.points() == AFTER


def test_a_check_is_named_in_three_ways_and_a_wrong_name_is_answered_with_the_list(group: Class):
    for name in ("total", "total:1", "adds three numbers"):
        assert group.void(check=name, plan=True)["void"]["exercise"] == "total"
    for name in ("scale", "scale:9", "nothing"):
        with pytest.raises(TitoError, match="scale:1 \\(doubles three numbers\\)"):
            group.void(check=name, plan=True)
    with pytest.raises(TitoError, match="no reason was given"):
        group.void(reason=" ")


def test_checks_are_listed_with_how_many_pass(group: Class):
    group.void()
    listed = list_checks(group.settings, group.queue, SLUG)["checks"]
    assert [(row["name"], row["passed"], row["judged"], bool(row["void"])) for row in listed] == [
        ("scale:1", 3, 3, False), ("scale:2", 1, 3, True), ("total:1", 3, 3, False),
    ]  # fmt: skip


def corrected(copy: Path) -> Path:
    """Copy the course, with a hidden check that asks for the factor two, which ben and dan satisfy."""
    source = Path(shutil.copytree(TREE, copy)) / "modules" / "01_vectors" / "vectors_dev.py"
    text = source.read_text("utf-8")
    source.write_text(text.replace("scale(values, 3.0), values * 3.0", "scale(values, 2.0), values * 2.0"), "utf-8")
    return copy


def test_a_corrected_check_is_planned_before_anybody_s_points_change(group: Class, tmp_path: Path):
    """`rejudge` writes no grade, autograde writes the verdicts it showed; with the old tests the points come back."""
    old = group.settings
    group.settings = group.door.settings = GradingSettings(
        old.course_dir, corrected(tmp_path / "course"), old.database_url
    )
    try:
        group.work("rejudge")
        plan = group.door.regrade_plan(SLUG)
        assert [(row["student"], row["before"], row["after"]) for row in plan["rows"]] == [
            ("ben", 50.0, 90.0), ("dan", 63.0, 63.0),
        ]  # fmt: skip
        assert group.points() == BEFORE
        group.work("rejudge")
        assert set(group.outcomes("rejudge").values()) == {"unchanged"}
        planned = {run.student: run.seed for run in group.queue.latest_runs("rejudge", SLUG, ("graded",))}
        group.work("autograde")
        assert group.points() == AFTER
        with Session(group.queue.engine) as session:
            newest = (
                session.query(Run).where(Run.kind == "autograde", Run.student == "ben").order_by(Run.id.desc()).first()
            )
            assert newest is not None and newest.seed == planned["ben"]
        assert group.door.regrade_plan(SLUG)["rows"] == []
    finally:
        group.settings = group.door.settings = old
    group.work("rejudge")
    assert [row["after"] for row in group.door.regrade_plan(SLUG)["rows"]] == [50.0, 63.0]
    group.work("autograde")
