"""The student's way through the course, put together from what the services say; pure functions, no requests.

Every module has one state, the furthest that it reached: locked, released, started (its tests were run), completed (its
code is in the student's package), submitted, graded. If the exchange does not answer, nothing is guessed: a module is
"unknown", and the page says which service is missing.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hub_config.home.moments import Clock, Moment
from hub_config.home.results import Entry, Grade, Quick, Regrade, Turn, read_entry, read_grade, read_quick, read_turn


@dataclass(frozen=True)
class Attempt:
    """One submission and its receipt."""

    id: str
    number: int
    received: Moment
    late: bool
    counts: bool
    feedback: Moment | None
    files: tuple[str, ...]


@dataclass(frozen=True)
class Module:
    """One module as its student sees it."""

    slug: str
    label: str
    number: int
    title: str
    summary: str
    hours: float
    place: str
    state: str
    release: Moment | None
    due: Moment | None
    closes: Moment | None
    extended: bool
    open: bool
    attempts_used: int
    attempts_allowed: int | None
    attempts: tuple[Attempt, ...]
    corrected: bool
    exercises: tuple[str, ...]
    prerequisites: tuple[str, ...] = ()
    quick: Quick | None = None
    grade: Grade | None = None
    regrades: tuple[Regrade, ...] = ()
    entry: Entry | None = None  # of the Olympics
    corrected_once: bool = False  # after the student began; a server fetches automatically, but changes no notebook
    turn: Turn | None = None  # of a milestone
    points: float = 0.0  # of a milestone
    year: int = 0  # of a milestone
    late_days: int = 0  # spent on it
    late_days_most: int = 0  # that can be spent on it, including those that are

    @property
    def why_due(self) -> str:
        """Why its due date differs from the class's, "" if it does not."""
        days = f"{self.late_days} late day{'s' if self.late_days != 1 else ''}" if self.late_days else ""
        return " and ".join(part for part in ("your extension" if self.extended else "", days) if part)

    @property
    def is_milestone(self) -> bool:
        return self.year > 0

    @property
    def latest(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None

    @property
    def counting(self) -> Attempt | None:
        return next((attempt for attempt in self.attempts if attempt.counts), None)

    @property
    def with_feedback(self) -> Attempt | None:
        """The newest attempt with feedback."""
        return next((attempt for attempt in reversed(self.attempts) if attempt.feedback), None)

    @property
    def can_submit(self) -> bool:
        return self.open and (self.attempts_allowed is None or self.attempts_used < self.attempts_allowed)

    @property
    def is_done(self) -> bool:
        return self.state in ("submitted", "graded")

    @property
    def overdue(self) -> bool:
        """Due, not submitted, and still open."""
        return bool(self.due and self.due.is_past and self.open and not self.is_done)

    @property
    def missed(self) -> bool:
        """Closed without a submission."""
        return bool(self.closes and self.closes.is_past and not self.is_done)


@dataclass(frozen=True)
class Tier:
    """A tier with its modules in order."""

    name: str
    title: str
    summary: str
    modules: tuple[Module, ...]

    @property
    def built(self) -> list[Module]:
        return [module for module in self.modules if module.place == "built"]

    @property
    def prebuilt(self) -> list[Module]:
        return [module for module in self.modules if module.place == "prebuilt"]

    @property
    def size(self) -> int:
        return len(self.built)

    @property
    def done(self) -> int:
        return sum(module.is_done for module in self.built)


@dataclass
class Record:
    """What exchange and grading know about one student; `assignments` is None if the exchange did not answer."""

    assignments: Iterable[dict[str, Any]] | None = None
    submissions: Iterable[dict[str, Any]] = ()
    events: Iterable[dict[str, Any]] = ()
    grading: dict[str, dict[str, Any]] = field(default_factory=dict)
    points: list[dict[str, Any]] = field(default_factory=list)  # given elsewhere
    _kinds: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _versions: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        for event in self.events:
            self._kinds[event["assignment"]].add(event["kind"])
            if event["kind"] == "fetched":
                self._versions[event["assignment"]].add(event["detail"].get("version", 0))

    def did(self, slug: str, *kinds: str) -> bool:
        return bool(self._kinds.get(slug, set()) & set(kinds))

    def fetched_version(self, slug: str) -> int:
        return max(self._versions.get(slug, ()), default=0)

    def began_before(self, slug: str, version: int) -> bool:
        """Tell whether the student fetched an earlier release than this one; their notebook may still be that one."""
        return 0 < min(self._versions.get(slug, ()), default=0) < version


def module_titles(course: dict[str, Any]) -> dict[str, str]:
    """Return the titles of the modules that students build, by slug and in order."""
    return {m["slug"]: m["title"] for tier in course["tiers"] for m in tier["modules"] if m["place"] == "built"}


def course_map(course: dict[str, Any], record: Record, clock: Clock) -> list[Tier]:
    """Return the tiers with each module in its state for the student."""
    assignments = {row["id"]: row for row in record.assignments or ()}
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    for row in sorted(record.submissions, key=lambda row: row["attempt"]):
        attempts[row["assignment"]].append(_attempt(row, clock))
    return [
        Tier(
            tier["name"],
            tier["title"],
            tier["summary"],
            tuple(
                _module(m, assignments.get(m["slug"]), tuple(attempts[m["slug"]]), record, clock)
                for m in tier["modules"]
            ),
        )
        for tier in course["tiers"]
    ]


def milestone_map(course: dict[str, Any], record: Record, clock: Clock) -> list[Module]:
    """Return the milestones that give points, each shown like a module."""
    rows = {row["id"]: row for row in record.assignments or ()}
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    for row in sorted(record.submissions, key=lambda row: row["attempt"]):
        attempts[row["assignment"]].append(_attempt(row, clock))
    found = []
    for given in course.get("milestones", {}).values():
        name = given["assignment"]
        as_module = {**given, "slug": name, "label": str(given["year"]), "number": given["year"], "hours": 0.0,
                     "place": "built", "release": None, "exercises": [], "prerequisites": []}  # fmt: skip
        made = _module(as_module, rows.get(name), tuple(attempts[name]), record, clock)
        turn = read_turn(record.grading.get(name, {}).get("milestone"), clock)
        found.append(replace(made, turn=turn, points=given["points"], year=given["year"]))
    return found


def _module(
    given: dict[str, Any], row: dict[str, Any] | None, attempts: tuple[Attempt, ...], record: Record, clock: Clock
) -> Module:
    due = clock.moment((row or {}).get("due_at") or given["due"])
    slug, spent = given["slug"], (row or {}).get("late_days", 0)
    granted = due.at - timedelta(days=spent) if due else None
    fetched, grading = record.fetched_version(slug), record.grading.get(slug, {})
    return Module(
        slug=slug,
        label=given["label"],
        number=given["number"],
        title=given["title"],
        summary=given["summary"],
        hours=given["hours"],
        place=given["place"],
        state=_state(given, row, attempts, record),
        release=clock.moment(given["release"]),
        due=due,
        closes=clock.moment((row or {}).get("closes_at") or given["closes"]),
        extended=bool(granted and given["due"] and granted > clock.moment(given["due"]).at),  # type: ignore[union-attr]
        open=bool(row and row["open"]),
        attempts_used=row["attempts_used"] if row else 0,
        attempts_allowed=row["attempts_allowed"] if row else None,
        attempts=attempts,
        corrected=bool(row and 0 < fetched < row["release_version"]),
        corrected_once=bool(row and record.began_before(slug, row["release_version"])),
        exercises=tuple(given["exercises"]),
        prerequisites=tuple(given["prerequisites"]),
        quick=read_quick(grading.get("quick"), clock),
        grade=read_grade(grading.get("feedback"), clock),
        entry=read_entry(grading.get("entry")),
        regrades=tuple(
            Regrade(r["exercise"], r["reason"], r["answer"], r["open"]) for r in grading.get("regrades", ())
        ),
        late_days=spent,
        late_days_most=(row or {}).get("late_days_most", 0),
    )


def late_days_given(course: dict[str, Any]) -> int:
    """Return how many late days the semester gives each student."""
    return course.get("late_days", {}).get("semester", 0)


def late_days_left(course: dict[str, Any], record: Record) -> int:
    """Return how many late days of the semester the student has not spent."""
    spent = sum(row.get("late_days", 0) for row in record.assignments or ())
    return max(0, late_days_given(course) - spent)


def _state(given: dict[str, Any], row: dict[str, Any] | None, attempts: tuple[Attempt, ...], record: Record) -> str:
    slug = given["slug"]
    if given["place"] != "built":
        return given["place"]
    if record.assignments is None:
        return "unknown"
    if row is None:
        return "locked"
    if any(attempt.feedback for attempt in attempts):
        return "graded"
    if row["submitted_at"] or attempts:
        return "submitted"
    if record.did(slug, "completed"):
        return "completed"
    if record.did(slug, "checked", "tested", "started"):
        return "started"
    return "locked" if row["state"] == "announced" else "released"


def _attempt(row: dict[str, Any], clock: Clock) -> Attempt:
    received = clock.moment(row["received_at"])
    assert received is not None
    return Attempt(
        id=row["id"],
        number=row["attempt"],
        received=received,
        late=row["late"],
        counts=row["counts"],
        feedback=clock.moment(row["feedback_at"]),
        files=tuple(file["path"] for file in row["files"]),
    )
