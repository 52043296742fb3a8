"""A schedule change reaches every grade at once, a plan shows it with names and points, and nobody becomes late
without a confirmation: the real exchange, judge, gradebook and generator, in this process.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from tito.curriculum import load_curriculum
from tito.gradebook import lateness
from tito.gradebook.lateness import Moved, follow
from tito.gradebook.lock import GradebookLock
from tito.gradebook.table import export_table
from tito.grading.overview import _state_of, module_overview, student_rows
from tito.grading.queue import Queue
from tito.grading.records import open_database as open_grading
from tito.grading.settings import GradingSettings, settings_from_environment
from tito.grading.work import perform
from tito.running_nbgrader import put_programs_on_path
from tito.semester import times
from tito.semester.read import Sources, Valid, validate
from tito.semester.service.change import Change
from tito.semester.service.conductor import Conductor, Places, Run
from tito.semester.service.confirmation import needed
from tito.semester.service.database import LATENESS, open_database
from tito.semester.service.hub_api import Hub
from tito.semester.service.schedule import claim, finish

from exchange.client.transfer import pack
from exchange.protocol.models import Extension
from tests.environments import worker_environment
from tests.exchange.fake_hub import FakeHub
from tests.exchange.live import COURSE, Live, in_thread, later, make_settings
from tests.grading_service.place import GOOD, SLUG, TREE, WRONG, answered

pytestmark = pytest.mark.service
DUE = "2026-11-20T12:00:00.000000Z"
ROSTER = "username,last_name,first_name,email\nada,L,Ada,\nben,R,Ben,\ncleo,S,Cleo,\n"
SEMESTER = f"""
course: {COURSE}
title: A tiny course
time_zone: UTC
tiers: [basics]
schedule:
  {SLUG}: {{release: 2026-11-01 08:00, due: 2026-11-20 12:00}}
late: {{grace_minutes: 15, window_hours: 48, penalty_percent_per_day: 10, maximum_percent: 50}}
attempts: {{counts: last}}
staff: {{instructors: [ida]}}
roster: roster.csv
"""
ILL = f"extensions:\n  - {{student: ben, module: {SLUG}, due: 2026-11-20 14:00, reason: ill}}\n"
# Submitted this many minutes after the due date; the late one loses 9 of 90.
HANDED_IN = {"ada": (-60, GOOD), "ben": (80, GOOD), "cleo": (10, WRONG)}
BEFORE = {"ada": (0, 0.0, 90.0), "ben": (4800, 9.0, 81.0), "cleo": (0, 0.0, 50.0)}


class WithoutPeople(Conductor):
    """A conductor that leaves the Hub's groups alone."""

    def _changes(self, valid: Valid):
        return (change for change in super()._changes(valid) if change.area != "people")


@dataclass
class Class:
    """A course whose students have submitted, and everything that grades it."""

    live: Live
    conductor: Conductor
    settings: GradingSettings
    queue: Queue

    def valid(self, semester: str = SEMESTER, roster: str = ROSTER) -> Valid:
        return validate(Sources(semester, roster), load_curriculum(TREE))

    def plan(self, semester: str) -> list[Change]:
        return self.conductor.plan(self.valid(semester))

    def apply(self, semester: str = SEMESTER, *yes: str, roster: str = ROSTER) -> Run:
        """Apply, and let the schedule and the grading service do what they were asked to do."""
        run = self.conductor.begin(self.valid(semester, roster), "ida", yes)
        with self.conductor._applying:
            assert not run.failed
        self.follow()
        return run

    def follow(self) -> None:
        engine = self.conductor._places.engine
        while action := claim(engine, times.now()):
            if action.kind == LATENESS:
                self.queue.submit(LATENESS, action.module)
            finish(engine, action, "", times.now())
        self.work()

    def work(self) -> None:
        """Do the work of the grading service's workers."""
        while work := self.queue.claim("here"):
            done = perform(work, self.settings, self.queue)
            self.queue.finish(work, "here", done.outcome, done.message, **done.fields)

    def grade(self, kind: str, **options: Any) -> None:
        self.queue.submit(kind, SLUG, **options)
        self.work()

    def grades(self) -> dict[str, tuple[float, float, float]]:
        """Return seconds late, penalty and points of each student; check that gradebook, overview and export agree."""
        rows = {row["student"]: row for row in student_rows(self.settings, self.queue, SLUG) if row["submitted"]}
        export = csv.DictReader(io.StringIO(export_table("plain", {SLUG: list(rows.values())})))
        shown = {r["student"]: (float(r["seconds_late"]), float(r["late_penalty"]), float(r["score"])) for r in export}
        with Gradebook(f"sqlite:///{self.settings.course_dir / 'gradebook.db'}", COURSE) as gradebook:
            kept = {
                each.student_id: (each.total_seconds_late, each.late_submission_penalty or 0.0)
                for each in gradebook.find_assignment(SLUG).submissions
            }
        assert {who: row[:2] for who, row in shown.items()} == kept
        late = module_overview(self.settings, self.queue)[0]["late"]
        assert late == sum(row[0] > 0 for row in shown.values())
        return shown

    def told(self) -> dict[str, float]:
        """Return each student's score; check that pages, exchange and feedback show the same one."""
        found: dict[str, float] = {}
        for student in HANDED_IN:
            score = _state_of(self.queue, student)["modules"][SLUG]["feedback"]["score"]
            [submission] = self.live.staff().submissions(COURSE, SLUG, student)
            assert submission.result is not None
            page = self.settings.course_dir / "feedback" / student / SLUG / f"{SLUG}.html"
            assert f"{score:g} of 90 points so far" in page.read_text()
            assert submission.result.score == score
            found[student] = score
        return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("class")


@pytest.fixture(scope="module")
def course(folder: Path):
    worker_environment()
    put_programs_on_path()
    with (
        FakeHub() as hub,
        in_thread(hub, make_settings(folder / "exchange", hub), folder) as live,
        pytest.MonkeyPatch.context() as patch,
    ):
        live.clock.at("2026-11-02T12:00:00Z")
        made = _make(live, folder)
        patch.setenv("JUPYTERHUB_API_TOKEN", made.settings.token)  # the nbgrader plugin reads it from there
        made.apply()
        _hand_in(made, folder)
        for kind in ("collect", "autograde", "feedback"):
            made.grade(kind)
        made.grade("release_feedback", unread=True)  # no answers are read here
        yield made
        made.queue.engine.dispose()
        made.conductor._places.engine.dispose()


def _make(live: Live, folder: Path) -> Class:
    places = Places(
        open_database(f"sqlite:///{folder / 'semester.db'}"),
        folder / "course",
        lambda: load_curriculum(TREE),
        _NoHub("http://127.0.0.1:9", ""),
        live.semester(),
    )
    settings = settings_from_environment(
        {"TITO_COURSE": str(TREE)},
        create=True,
        course_dir=folder / "course",
        course_id=COURSE,
        exchange_url=live.url,
        token=live.hub.service("grading"),
    )
    return Class(live, WithoutPeople(places, lambda: None), settings, Queue(open_grading(settings.database_url)))


class _NoHub(Hub):
    def users(self) -> set[str]:
        return set()

    def groups(self) -> dict[str, set[str]]:
        return {}


def _hand_in(made: Class, folder: Path) -> None:
    root = folder / "course"
    made.live.semester().release(COURSE, SLUG, root / "release" / SLUG)
    for student, (minutes, answers) in HANDED_IN.items():
        mine = folder / "homes" / student
        mine.mkdir(parents=True)
        (mine / f"{SLUG}.ipynb").write_text(answered(root, answers))
        made.live.clock.at(DUE, minutes=minutes)
        made.live.student(student).submit(COURSE, SLUG, pack(mine, [f"{SLUG}.ipynb"]))


@pytest.fixture(autouse=True)
def as_it_was(course: Class) -> None:
    """Apply the first semester; each test begins with its grades and scores."""
    assert course.apply(SEMESTER, "late", "drops").error == ""
    assert (course.grades(), course.told()) == (BEFORE, {"ada": 90.0, "ben": 81.0, "cleo": 50.0})


def lines(changes: list[Change], area: str) -> list[str]:
    return [f"{each.sign} {each.subject}: {each.detail}" for each in changes if each.area == area]


def test_an_extension_after_the_work_was_handed_in_takes_the_penalty_away_everywhere(course: Class) -> None:
    assert lines(course.plan(SEMESTER + ILL), "grades") == [f"~ {SLUG}: gain: ben 81 → 90 (+9)"]
    assert course.apply(SEMESTER + ILL).error == ""
    after = {**BEFORE, "ben": (0, 0.0, 90.0)}
    assert (course.grades(), course.told()["ben"]) == (after, 90.0)
    course.grade("collect")
    course.grade("autograde", force=True)
    assert course.grades() == after
    ben = course.live.student("ben")
    [mine] = ben.submissions(COURSE)
    assert (mine.late, ben.receipt(COURSE, mine.id).receipt.late) == (False, True)
    assert course.plan(SEMESTER + ILL) == []
    assert "ben (attempt 1)" in course.apply(SEMESTER).error  # undoing it must be confirmed
    assert course.grades() == after


def test_an_extension_that_was_given_in_the_exchange_is_followed_by_the_next_collection(course: Class) -> None:
    course.live.staff().put_extension(COURSE, SLUG, "ben", Extension(due_at=later(DUE, hours=2), reason="ill"))
    for _ in range(2):
        course.grade("collect")
        assert (course.grades()["ben"], course.told()["ben"]) == ((0, 0.0, 90.0), 90.0)


EARLIER = SEMESTER.replace("due: 2026-11-20 12:00", "due: 2026-11-20 10:30")
# after it, in minutes: ada 30, ben 170, cleo 100
LATER_THAN_EARLIER = {"ada": (1800, 9.0, 81.0), "ben": (10200, 9.0, 81.0), "cleo": (6000, 5.0, 45.0)}
LESS_GRACE = SEMESTER.replace("grace_minutes: 15", "grace_minutes: 5")


@pytest.mark.parametrize(
    ("semester", "names", "points"),
    [
        (EARLIER, "ada (attempt 1), cleo (attempt 1)", "lose: ada 90 → 81 (-9), cleo 50 → 45 (-5)"),
        (LESS_GRACE, "cleo (attempt 1)", "lose: cleo 50 → 45 (-5)"),
    ],
)
def test_work_that_was_on_time_becomes_late_with_a_yes_only(
    course: Class, semester: str, names: str, points: str
) -> None:
    changes = course.plan(semester)
    [asked] = needed(changes)
    assert (asked.key, asked.sentence) == ("late", f"work of {SLUG} that was on time becomes late: {names}")
    assert lines(changes, "grades")[0].startswith(f"~ {SLUG}: {points}")
    run = course.apply(semester, "drops")
    assert (run.made, "tito semester apply --yes late" in run.error) == (0, True)
    assert course.grades() == BEFORE


def test_with_a_yes_all_become_late_at_once_and_who_said_so_is_on_record(course: Class) -> None:
    assert course.apply(EARLIER, "late").error == ""
    assert course.grades() == LATER_THAN_EARLIER
    assert course.told() == {who: points for who, (_, _, points) in LATER_THAN_EARLIER.items()}
    confirmed = course.conductor.confirmed(COURSE)[0]
    assert (confirmed.by, confirmed.key, "ada (attempt 1)" in confirmed.sentence) == ("ida", "late", True)
    assert course.plan(EARLIER) == []


def test_a_later_due_date_takes_the_penalty_away_without_anybody_being_graded_again(course: Class) -> None:
    moved = SEMESTER.replace("due: 2026-11-20 12:00", "due: 2026-11-20 14:00")
    runs = course.queue.latest_run("autograde", SLUG, "ben").id
    assert course.apply(moved).error == ""
    assert (course.grades()["ben"], course.told()["ben"]) == ((0, 0.0, 90.0), 90.0)
    assert course.queue.latest_run("autograde", SLUG, "ben").id == runs


def test_another_penalty_is_shown_with_names_and_points_and_taken_off_at_once(course: Class) -> None:
    dearer = SEMESTER.replace("penalty_percent_per_day: 10", "penalty_percent_per_day: 20")
    changes = course.plan(dearer)
    assert (lines(changes, "grades"), needed(changes)) == ([f"~ {SLUG}: lose: ben 81 → 72 (-9)"], [])
    # The grading service uses the policy that it finds when it is asked to send the new scores.
    areas = [change.area for change in changes]
    assert areas.index("policies") < areas.index("grades")
    course.apply(dearer)
    assert (course.grades()["ben"], course.told()["ben"]) == ((4800, 18.0, 72.0), 72.0)


def test_a_plan_waits_for_whoever_writes_grades(course: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview writes and rolls back; without the lock it could keep others from saving or find the database busy."""
    held: list[bool] = []

    def look(*given: Any) -> list[Moved]:
        held.append(not GradebookLock(course.settings.course_dir).try_acquire())
        return follow(*given)

    monkeypatch.setattr(lateness, "follow", look)
    course.plan(EARLIER)
    assert set(held) == {True}


def test_points_that_wait_to_be_released_are_not_told_by_a_schedule_that_concerns_others(course: Class) -> None:
    with Gradebook(f"sqlite:///{course.settings.course_dir / 'gradebook.db'}", COURSE) as gradebook:
        gradebook.find_grade("checkpoint_units", SLUG, SLUG, "ada").manual_score = 7.0
        gradebook.db.commit()
        course.apply(SEMESTER + ILL)
        assert (course.grades()["ada"][2], course.told()["ada"]) == (97.0, 90.0)
        gradebook.find_grade("checkpoint_units", SLUG, SLUG, "ada").manual_score = None
        gradebook.db.commit()


def test_a_hub_that_applies_by_itself_leaves_out_what_makes_work_late_and_does_the_rest(course: Class) -> None:
    both = EARLIER.replace("penalty_percent_per_day: 10", "penalty_percent_per_day: 20")
    roster = ROSTER + "dora,V,Dora,\n"
    run = course.conductor.apply_unattended(course.valid(both, roster), "semester")
    course.follow()
    assert (run.error, run.failed, [each.key for each in run.lacking]) == ("", {}, ["late"])
    assert course.grades() == BEFORE
    made = [change.subject for change in run.changes if not run.leaves_out(change)]
    assert made == ["student dora", "roster"]
    assert course.live.semester().assignment(COURSE, SLUG).due_at == DUE
    assert "Dora" in {row["first_name"] for row in student_rows(course.settings, course.queue, SLUG)}


def test_a_late_day_that_a_student_spends_after_grading_is_in_the_plan_and_followed(course: Class) -> None:
    """This test must be last: a day that a submission needs stays spent."""
    with_days = SEMESTER + "late_days: {semester: 3, per_module: 1}\n"
    assert lines(course.plan(with_days), "exchange") == [
        f"~ course {COURSE}: A tiny course (UTC), 3 late days per student",
        f"~ {SLUG}: late_days 0 → 1",
    ]
    assert course.apply(with_days).error == ""
    course.live.student("ben").spend_late_days(COURSE, SLUG, 1)
    assert lines(course.plan(with_days), "grades") == [f"~ {SLUG}: gain: ben 81 → 90 (+9)"]
    course.grade(LATENESS)  # as the schedule does when the module closes
    assert (course.grades()["ben"], course.told()["ben"]) == ((0, 0.0, 90.0), 90.0)
    assert course.plan(with_days) == []
    assert needed(course.plan(SEMESTER)) == []  # days that were spent stay valid even without the policy
