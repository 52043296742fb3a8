"""What is asked and answered, as plain dataclasses; the service validates them, the client builds and reads them.

Times are text in UTC, always `2026-11-20T07:40:00.123456Z`: the same in JSON, the database, receipts and backups, and
ordered as text. Seconds and bytes are whole numbers. Unknown keys in a request are errors.
"""

from dataclasses import asdict, dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from types import UnionType
from typing import Any, ClassVar, Literal, Union, cast, get_args, get_origin, get_type_hints

_STRICT = {"extra": "forbid"}
Counts = Literal["last", "last_on_time", "best"]
EventKind = Literal[
    "fetched", "checked", "tested", "completed", "submitted", "unlocked", "feedback_fetched", "asked", "answered"
]


class Refused(Exception):
    """A refusal: the fault or the broken rule (`rule`), the value that caused it, and the remedy."""

    def __init__(self, rule: str, value: str = "", remedy: str = "", status: int = 422) -> None:
        super().__init__(f"{rule}: {value}; {remedy}" if value else f"{rule}: {remedy}")
        self.rule, self.value, self.remedy, self.status = rule, value, remedy, status

    def as_dict(self) -> dict[str, str]:
        """Give the body of every 4xx and 5xx answer."""
        return {"rule": self.rule, "value": self.value, "remedy": self.remedy}


def utc_text(moment: datetime) -> str:
    """Write an aware datetime as fixed-width UTC text."""
    if moment.tzinfo is None:
        raise Refused("a time needs an offset or 'Z'", moment.isoformat(), "write it as 2026-11-20T23:59:00+01:00")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_utc(text: str) -> datetime:
    """Read ISO 8601 text with an offset."""
    try:
        moment = datetime.fromisoformat(text)
        return datetime.fromisoformat(utc_text(moment))
    except (ValueError, OverflowError) as error:
        raise Refused(
            "a time must be ISO 8601 with an offset or 'Z'", repr(text)[:80], "write 2026-11-20T23:59:00Z"
        ) from error


@dataclass
class ErrorBody:
    """The body of every refusal."""

    rule: str
    value: str
    remedy: str


@dataclass
class UploadLimits:
    """What one student may store in a course."""

    max_files: int = 50
    max_file_bytes: int = 100_000_000
    max_submission_bytes: int = 100_000_000
    student_quota_bytes: int = 1_000_000_000
    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass
class CourseSettings:
    """Body of `PUT courses/C`: create or configure a course. `late_days`: how many each student may spend in all."""

    title: str = ""
    timezone: str = "UTC"
    limits: UploadLimits = field(default_factory=UploadLimits)
    questions: bool = True
    late_days: int = 0
    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass
class AssignmentSettings:
    """Body of `PUT courses/C/assignments/A`: schedule and policies. All of it is replaced.

    `release_at` None: visible as soon as files are released. `due_at` None: never late. After `due_at` a submission
    is on time for `grace_seconds` more, then late (counted from `due_at`) until `late_seconds` after it; then the
    assignment is closed. `late_seconds` None: never closed. `attempts` None: any number. `files`: patterns accepted
    besides the names in the release. `late_days`: how many of their own a student may spend on it.
    """

    title: str = ""
    release_at: str | None = None
    due_at: str | None = None
    grace_seconds: int = 0
    late_seconds: int | None = 0
    attempts: int | None = None
    counts: Counts = "last"
    files: list[str] = field(default_factory=list)
    unlock: bool = True
    late_days: int = 0
    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass
class Extension:
    """Body of `PUT courses/C/assignments/A/extensions/STUDENT`; replaces an earlier one."""

    due_at: str | None = None
    extra_attempts: int = 0
    reason: str = ""
    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass
class LateDays:
    """Body of `PUT courses/C/assignments/A/late-days`: how many of their late days a student spends on it."""

    days: int
    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass
class Result:
    """Body of `PUT courses/C/submissions/ID/result`: what the grader found. The newest replaces the older, except that
    a quick one never replaces a full one: its score is kept with it, to compare attempts by.

    `kind` is `quick` (structure and visible checks, immediately) or `full`. `best` compares scores of one kind.
    """

    kind: Literal["quick", "full"]
    status: Literal["passed", "failed", "error"]
    score: float | None = None
    max_score: float | None = None
    summary: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass
class EventReport:
    """Body of `POST courses/C/events`: a student's own tools report that something happened; the service records other
    kinds as it sees them happen."""

    kind: Literal["checked", "tested", "completed"]
    assignment: str
    detail: dict[str, Any] = field(default_factory=dict)
    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass
class UnlockRequest:
    """Body of `POST courses/C/assignments/A/unlock`. `close` True also gives up submitting; then `confirm` is the
    assignment's id.
    """

    close: bool = False
    confirm: str = ""
    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass
class QuestionRequest:
    """Body of `POST courses/C/assignments/A/questions`: what the student wants to know, and at which failing check."""

    text: str
    exercise: str = ""
    check: str = ""
    why: str = ""
    cell: str = ""
    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass
class Answer:
    """Body of `PUT courses/C/questions/ID/answer`. `for_all`: the question as everybody may read it with the answer; if
    it is empty, only the student who asked can read both."""

    text: str
    for_all: str = ""
    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass
class Freeze:
    """Since when a course has been frozen: it can be read, and nothing in it can be changed."""

    frozen_at: str
    frozen_by: str


@dataclass
class Deleted:
    """What a course holds, or held before it was deleted: submissions, students, bytes, feedback, events, questions."""

    submissions: int
    students: int
    size: int
    feedback: int
    events: int
    questions: int
    deleted: bool


@dataclass
class Course:
    """A course as its members see it; `role` is `student`, `staff` or `service`."""

    id: str
    title: str
    timezone: str
    role: str
    limits: UploadLimits
    questions: bool = True
    late_days: int = 0
    frozen: "Freeze | None" = None


@dataclass
class FileInfo:
    """One file of a bundle."""

    path: str
    size: int
    sha256: str


@dataclass
class ResultInfo:
    """A result with who posted it and when."""

    kind: str
    status: str
    score: float | None
    max_score: float | None
    summary: str
    detail: dict[str, Any]
    posted_at: str
    posted_by: str


@dataclass
class Submission:
    """One accepted attempt. `due_at` (the student's own), `late` and `lateness_seconds` (0 when on time) follow the
    current schedule; its receipt has what was true when it arrived."""

    seq: int
    id: str
    course: str
    assignment: str
    student: str
    attempt: int
    received_at: str
    due_at: str | None
    late: bool
    lateness_seconds: int
    counts: bool
    size: int
    files: list[FileInfo]
    result: ResultInfo | None
    feedback: list[FileInfo]
    feedback_at: str | None


@dataclass
class Assignment:
    """An assignment as one caller sees it; times include that student's extension and late days. `state` is the
    furthest of `announced`, `released`, `fetched`, `submitted`, `feedback` (`announced`: staff only). `late_days` have
    been spent on it, at most `late_days_most` may be."""

    id: str
    course: str
    title: str
    state: str
    release_at: str | None
    released_at: str | None
    due_at: str | None
    grace_seconds: int
    closes_at: str | None
    open: bool
    attempts_used: int
    attempts_allowed: int | None
    counts: str
    files: list[FileInfo]
    accepts: list[str]
    release_version: int
    fetched_at: str | None
    submitted_at: str | None
    late: bool
    feedback_at: str | None
    closed_by_student: bool
    unlocked: bool
    unlock_offered: bool
    late_days: int = 0
    late_days_most: int = 0


@dataclass
class StudentProgress:
    """All assignments of a course as they stand for one student."""

    student: str
    assignments: list[Assignment]


@dataclass
class UnlockState:
    """May this student have the solution? `granted_by` is `time` (nobody can submit any more) or `student` (who closed
    it for themselves).
    """

    offered: bool
    granted: bool
    granted_by: str | None
    free_at: str | None
    closed_by_student: bool


@dataclass
class Question:
    """A question as its student and staff see it. For staff: of the `tried` students who ran the exercise's test cell,
    the newest runs of `failing` failed; of the `check_tried` whose runs name the checks that failed, `check_failing`
    fail this question's check."""

    id: str
    course: str
    assignment: str
    student: str
    exercise: str
    check: str
    why: str
    cell: str
    text: str
    asked_at: str
    taken_by: str | None
    taken_at: str | None
    answer: str | None
    for_all: str
    answered_by: str | None
    answered_at: str | None
    seen_at: str | None
    notebook: list[FileInfo]
    failing: int = 0
    tried: int = 0
    check_failing: int = 0
    check_tried: int = 0


@dataclass
class AnswerForAll:
    """An answer that staff marked as useful for all, and the question in their words."""

    assignment: str
    exercise: str
    question: str
    answer: str


@dataclass
class Event:
    """Something that happened to a student's assignment."""

    seq: int
    at: str
    course: str
    assignment: str
    student: str
    kind: str
    detail: dict[str, Any]


@dataclass
class Activity:
    """What a student's events say about their work on an assignment, added up as they came. `seconds` is the time
    between events of one session: a pause of more than 30 minutes begins another, so reading before the first event
    does not count. `progress_at`: an exercise got further than ever, or the assignment did."""

    assignment: str
    student: str
    events: int
    seconds: int
    sessions: int
    runs: int
    first_at: str
    last_at: str
    progress_at: str
    fetched_at: str | None
    worked_at: str | None
    completed_at: str | None
    submitted_at: str | None


@dataclass
class ExerciseActivity:
    """The outcome of a student's own runs of an exercise's test cell. `best`: the most checks that ever passed;
    `runs_to_solve` None: never all of them. `hints`: how many were opened."""

    assignment: str
    student: str
    exercise: str
    runs: int
    best: int
    failed_in_a_row: int
    runs_to_solve: int | None
    fault: str
    hints: int
    last_at: str


@dataclass
class PredictionActivity:
    """A prediction that a student entered, and whether it was right."""

    assignment: str
    student: str
    name: str
    right: bool


@dataclass
class CourseActivity:
    """What students' own servers reported, added up. Students can make their own server report anything, so it never
    counts for points."""

    modules: list[Activity]
    exercises: list[ExerciseActivity]
    predictions: list[PredictionActivity]


@dataclass
class Steps:
    """How far a student is with an assignment, as reported by their own server. `tests`: how often they tested it as a
    whole; `last_test`: what the last of these tests said, {} once it is completed."""

    assignment: str
    student: str
    fetched_at: str | None
    completed_at: str | None
    submitted_at: str | None
    last_at: str
    tests: int
    last_test: dict[str, Any]


@dataclass
class HintsOpened:
    """How many hints of an exercise were opened, by each student who opened any."""

    assignment: str
    exercise: str
    students: dict[str, int]


@dataclass
class ClassSteps:
    """How far everybody is, by their own servers' reports: rows for each student and assignment, not for each event."""

    steps: list[Steps]
    hints: list[HintsOpened]


@dataclass
class Forgotten:
    """How many rows were removed, or would be: events, what was added up from them, questions with their
    notebooks."""

    events: int
    activity: int
    questions: int
    done: bool


@dataclass
class AuditEntry:
    """One decision of the service. `actor` is the token's owner, `acting_for` the person whom a service named."""

    seq: int
    at: str
    actor: str
    acting_for: str
    verb: str
    course: str
    assignment: str
    subject: str
    status: int
    detail: str


@dataclass
class ExtensionInfo:
    """An extension with who granted it and when."""

    student: str
    due_at: str | None
    extra_attempts: int
    reason: str
    granted_at: str
    granted_by: str


@dataclass
class LateDaysInfo:
    """How many late days a student has spent on an assignment, and when last."""

    assignment: str
    student: str
    days: int
    spent_at: str


@dataclass
class PublicKey:
    """An Ed25519 public key that signs or has signed receipts (raw, base64)."""

    key_id: str
    public_key: str
    created_at: str
    retired_at: str | None


@dataclass
class Receipt:
    """What the service signs: what was true when the work arrived. No extension and no change of the due date changes a
    receipt. Two receipts are the same if and only if their canonical bytes are."""

    submission: str
    course: str
    assignment: str
    student: str
    attempt: int
    received_at: str
    due_at: str | None
    late: bool
    lateness_seconds: int
    files: list[FileInfo]
    key_id: str
    version: int = 1


@dataclass
class SignedReceipt:
    """A receipt and its Ed25519 signature (base64) over `exchange.protocol.receipt.canonical(receipt)`."""

    receipt: Receipt
    signature: str


def plain(model: Any) -> dict[str, Any]:
    """Turn a model into JSON-ready data."""
    return asdict(model)


@cache
def _built(kind: type) -> dict[str, Any]:
    """Return, for each field of a model, the type that its data is built into, None if the data is used as it is. Types
    are read once, because reading them costs more than building ten models.
    """
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] if _is_built(hints[field.name]) else None for field in fields(kind)}


def _is_built(kind: Any) -> bool:
    return is_dataclass(kind) or get_origin(kind) is list or any(map(_is_built, get_args(kind)))


def from_plain(kind: Any, data: Any) -> Any:
    """Build a model (or a list of them) from JSON data; keys that this version does not know are left out."""
    if data is None:
        return None
    if get_origin(kind) is list:
        if not isinstance(data, list):
            raise Refused("the response was unexpected", "not a list", "check EXCHANGE_URL")
        return [from_plain(get_args(kind)[0], item) for item in data]
    if get_origin(kind) in (UnionType, Union):
        return from_plain(next(k for k in get_args(kind) if k is not type(None)), data)
    if not is_dataclass(kind):
        return data
    build = cast(Any, kind)
    try:
        return build(
            **{
                name: data[name] if part is None else from_plain(part, data[name])
                for name, part in _built(build).items()
                if name in data
            }
        )
    except TypeError as error:  # no object, or one that lacks a field
        raise Refused("the response was unexpected", f"no {build.__name__}", "check EXCHANGE_URL") from error
