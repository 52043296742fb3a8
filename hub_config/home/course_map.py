"""The student's way through the course, put together from what the services say; pure functions, no requests.

Every module has one state, the furthest that is true: locked, released, started (its tests were run), completed (its code is in
the student's package), submitted, graded. What a service did not say is not guessed: a module's state is then the furthest
that is known, and the page says which service is missing.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hub_config.home.moments import Clock, Moment

STATES = ("locked", "released", "started", "completed", "submitted", "graded")


@dataclass(frozen=True)
class Quick:
    """What the visible checks said about a submission, at once."""

    status: str
    summary: str
    score: float | None
    max_score: float | None

    @property
    def passed(self) -> bool:
        return self.status == "passed"


@dataclass(frozen=True)
class Attempt:
    """One submission and its receipt."""

    id: str
    number: int
    received: Moment
    late: bool
    counts: bool
    quick: Quick | None
    score: float | None
    max_score: float | None
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

    @property
    def latest(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None

    @property
    def counting(self) -> Attempt | None:
        return next((attempt for attempt in self.attempts if attempt.counts), None)

    @property
    def graded(self) -> Attempt | None:
        """The newest attempt with feedback."""
        return next((attempt for attempt in reversed(self.attempts) if attempt.feedback), None)

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
    def done(self) -> int:
        return sum(module.is_done for module in self.built)


@dataclass
class Record:
    """What the exchange says about one student: assignments, submissions and events, each empty if it did not answer."""

    assignments: Iterable[dict[str, Any]] = ()
    submissions: Iterable[dict[str, Any]] = ()
    events: Iterable[dict[str, Any]] = ()
    _kinds: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _versions: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for event in self.events:
            self._kinds[event["assignment"]].add(event["kind"])
            if event["kind"] == "fetched":
                version = event["detail"].get("version", 0)
                self._versions[event["assignment"]] = max(version, self._versions.get(event["assignment"], 0))

    def did(self, slug: str, *kinds: str) -> bool:
        return bool(self._kinds.get(slug, set()) & set(kinds))

    def fetched_version(self, slug: str) -> int:
        return self._versions.get(slug, 0)


def course_map(course: dict[str, Any], record: Record, clock: Clock) -> list[Tier]:
    """Return the tiers with each module as it stands for the student."""
    assignments = {row["id"]: row for row in record.assignments}
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


def _module(
    given: dict[str, Any], row: dict[str, Any] | None, attempts: tuple[Attempt, ...], record: Record, clock: Clock
) -> Module:
    due = clock.moment((row or {}).get("due_at") or given["due"])
    slug = given["slug"]
    fetched = record.fetched_version(slug)
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
        extended=bool(due and given["due"] and due.at > clock.moment(given["due"]).at),  # type: ignore[union-attr]
        open=bool(row and row["open"]),
        attempts_used=row["attempts_used"] if row else 0,
        attempts_allowed=row["attempts_allowed"] if row else None,
        attempts=attempts,
        corrected=bool(row and 0 < fetched < row["release_version"]),
    )


def _state(given: dict[str, Any], row: dict[str, Any] | None, attempts: tuple[Attempt, ...], record: Record) -> str:
    slug = given["slug"]
    if given["place"] != "built" or row is None:
        return "locked"
    if any(attempt.feedback for attempt in attempts):
        return "graded"
    if row["submitted_at"] or attempts:
        return "submitted"
    if record.did(slug, "completed"):
        return "completed"
    if record.did(slug, "tested", "started"):
        return "started"
    return "locked" if row["state"] == "announced" else "released"


def _attempt(row: dict[str, Any], clock: Clock) -> Attempt:
    result, received = row["result"] or {}, clock.moment(row["received_at"])
    assert received is not None
    is_full = result.get("kind") == "full"
    quick = None
    if result.get("kind") == "quick":
        quick = Quick(result["status"], result["summary"], result["score"], result["max_score"])
    feedback = clock.moment(row["feedback_at"])
    return Attempt(
        id=row["id"],
        number=row["attempt"],
        received=received,
        late=row["late"],
        counts=row["counts"],
        quick=quick,
        score=result["score"] if is_full and feedback else None,
        max_score=result["max_score"] if is_full and feedback else None,
        feedback=feedback,
        files=tuple(file["path"] for file in row["files"]),
    )
