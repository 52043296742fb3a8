"""What `tito.insight` says about this course now, from the service's own record and the exchange's sums."""

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from exchange.protocol.models import Activity, CourseActivity, Refused
from tito.gradebook.reading import reading_shares
from tito.insight.checks import ExerciseInsight, exercise_insights, suspects, with_told
from tito.insight.modules import ModuleFacts, ModuleInsight, module_insight
from tito.insight.semester import SemesterInsight, shares
from tito.insight.standstill import standstills
from tito.insight.terms import STUCK_RUNS

from . import exchange_door
from .insight_rows import Kept, Standings, class_of, course_of, modules_of, read_standings, read_verdicts
from .queue import Queue
from .records import utc_now
from .settings import GradingSettings

NOTHING = CourseActivity([], [], [])
MOST_LINES = 400
MOST_KEPT = 3  # modules whose verdicts are kept with names; staff view one, and the lists behind its numbers


class Insight:
    """Numbers of one course, computed when asked for."""

    def __init__(self, settings: GradingSettings, queue: Queue):
        self.settings, self.queue, self._kept = settings, queue, Kept()
        self._exercises = Kept(MOST_KEPT)

    def semester(self, now: datetime | None = None) -> SemesterInsight:
        """Return the numbers of all modules, who is stuck, and which checks are suspect."""
        now, modules = now or utc_now(), modules_of(self.settings)
        told, silent = self._told(failing=STUCK_RUNS)
        standings, people = read_standings(self.queue), class_of(self.settings, {row.student for row in told.modules})
        by_module = _by_module(told.modules)
        found = [
            module_insight(facts, people, by_module.get(slug, {}), standings.attempts.get(slug, {}), now)
            for slug, facts in modules.items()
        ]
        return SemesterInsight(
            course_of(self.settings), now, len(people), found,
            standstills(modules, people, told.modules, told.exercises, now),
            self._suspects(standings, modules, people),
            shares(reading_shares(self.settings), people), silent,
        )  # fmt: skip

    def module(self, slug: str, now: datetime | None = None) -> tuple[ModuleInsight, list[ExerciseInsight], dict]:
        """Return a module's numbers, its exercises' with their checks, and its predictions."""
        facts, now = self._facts(slug), now or utc_now()
        told, _ = self._told(assignment=slug)
        people = class_of(self.settings, {row.student for row in told.modules})
        standings = read_standings(self.queue, slug)
        insight = module_insight(
            facts, people, _by_module(told.modules).get(slug, {}), standings.attempts.get(slug, {}), now
        )
        exercises = with_told(self._judged(slug, standings, people), told.exercises, people)
        return insight, _in_order(facts, exercises), _predictions(told, people)

    def code(self, slug: str, student: str, exercise: str) -> dict[str, Any]:
        """Return a student's cell for an exercise as text, from the newest attempt that was judged, and its checks."""
        self._facts(slug)
        verdicts = [each for each in read_verdicts(self.queue, {slug})[slug] if each.student == student]
        found = next((e for e in exercise_insights(verdicts) if e.name == exercise), None)
        if found is None:
            raise Refused(f"{exercise} has not been judged for {student}", "", "choose another", 404)
        runs = self.queue.latest_run("quick", slug, student, ("graded", "refused"))
        source = self._cell(slug, student, exercise, runs.submission if runs else "")
        checks = [
            {"check": title, "hidden": tally.hidden, "points": tally.points, "passed": student in passed,
             "why": tally.lists["failed_last"].get(student, "")}
            for title, tally in found.checks.items() for passed in [tally.lists["passed_last"]]
        ]  # fmt: skip
        return {"module": slug, "student": student, "exercise": exercise, "source": source, "checks": checks}

    def _cell(self, slug: str, student: str, exercise: str, submission: str) -> str | None:
        from tito.judge.read import NoSubmission, read_submission

        with tempfile.TemporaryDirectory(prefix="insight-") as scratch:
            folder = self._folder(slug, student, submission, Path(scratch) / "submission")
            try:
                cells = read_submission(folder, slug).cells
            except NoSubmission:
                return None
        source = next((cell.source for cell in cells if cell.name == exercise), None)
        return None if source is None else "\n".join(source.splitlines()[:MOST_LINES])

    def _folder(self, slug: str, student: str, submission: str, scratch: Path) -> Path:
        """Fetch an attempt from the exchange, or use the collected one if the exchange does not know it."""
        if submission and self.settings.exchange_url:
            with exchange_door.asking(self.settings) as client:
                client.fetch_files(self.settings.course_id, submission, scratch)
            return scratch
        return self.settings.course_dir / "submitted" / student / slug

    def _facts(self, slug: str) -> ModuleFacts:
        modules = modules_of(self.settings)
        if slug not in modules:
            raise Refused(f"this semester has no module {slug}", "", f"there are: {', '.join(modules)}", 404)
        return modules[slug]

    def _told(self, **which: Any) -> tuple[CourseActivity, str]:
        """Ask the exchange about events; if it is away, return nothing and why: what was judged is known without it."""
        try:
            with exchange_door.asking(self.settings) as client:
                return client.activity(self.settings.course_id, **which), ""
        except exchange_door.ExchangeError as error:
            return NOTHING, str(error)

    def _judged(self, slug: str, standings: Standings, people: frozenset[str]) -> list[ExerciseInsight]:
        """Return what verdicts say about a module, for its page and for the lists behind its numbers."""
        version = (standings.newest_run.get(slug), people)
        found: list[ExerciseInsight] | None = None
        if not self._exercises.stale({slug: version}):
            found = self._exercises.of(slug)
        if found is None:
            found = exercise_insights(read_verdicts(self.queue, {slug})[slug], roster=people)
            self._exercises.keep(slug, version, found)
        return found

    def _suspects(
        self, standings: Standings, modules: dict[str, ModuleFacts], people: frozenset[str]
    ) -> list[dict[str, Any]]:
        versions = {slug: (run, people) for slug, run in standings.newest_run.items() if slug in modules}
        stale = self._kept.stale(versions)
        for slug, judged in (read_verdicts(self.queue, stale, firsts=False) if stale else {}).items():
            found = suspects(slug, _in_order(modules[slug], exercise_insights(judged, roster=people)))
            self._kept.keep(slug, versions[slug], found)
        return [row for slug in modules if slug in versions for row in self._kept.of(slug) or ()]


def _in_order(facts: ModuleFacts, exercises: list[ExerciseInsight]) -> list[ExerciseInsight]:
    """Put exercises into the module's order, those that it no longer has last."""
    place = {name: number for number, name in enumerate(facts.exercises)}
    return sorted(exercises, key=lambda each: (place.get(each.name, len(place)), each.name))


def _by_module(rows: list[Activity]) -> dict[str, dict[str, Activity]]:
    found: dict[str, dict[str, Activity]] = {}
    for row in rows:
        found.setdefault(row.assignment, {})[row.student] = row
    return found


def _predictions(told: CourseActivity, people: frozenset[str]) -> dict[str, dict[str, list[str]]]:
    """Name, by prediction, who was right and who was wrong."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in told.predictions:
        if row.student in people:
            found.setdefault(row.name, {"right": [], "wrong": []})["right" if row.right else "wrong"].append(
                row.student
            )
    return found
