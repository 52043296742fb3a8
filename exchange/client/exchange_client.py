"""Every verb of the exchange as one method; answers are the dataclasses of `exchange.protocol.models`."""

import contextlib
import os
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx

from exchange.client import token as token_names
from exchange.client.connection import Connection, Unreachable
from exchange.client.transfer import Outgoing, list_folder, pack, unpack
from exchange.protocol import IDEMPOTENCY_HEADER
from exchange.protocol.bundle import MEDIA_TYPE
from exchange.protocol.models import (
    Answer,
    AnswerForAll,
    Assignment,
    AssignmentSettings,
    AuditEntry,
    ClassSteps,
    Course,
    CourseActivity,
    CourseSettings,
    Deleted,
    Event,
    Extension,
    ExtensionInfo,
    FileInfo,
    Forgotten,
    Freeze,
    LateDaysInfo,
    PublicKey,
    Question,
    QuestionRequest,
    Refused,
    Result,
    SignedReceipt,
    StudentProgress,
    Submission,
    UnlockRequest,
    UnlockState,
    from_plain,
    plain,
)

DOWNLOAD_ATTEMPTS = 3


class ExchangeClient:
    """The exchange at an address, seen with one token. Use it as a context manager, or call `close`."""

    def __init__(self, url: str, token: str, acting_for: str = "", patience_seconds: float = 30.0) -> None:
        if not url or not token:
            missing = "EXCHANGE_URL" if not url else token_names.NEEDED
            raise Refused(
                "the exchange's address or the token is missing",
                f"no {missing}",
                "start this from your Hub server",
            )
        self.url = url
        self._to = Connection(url, token, acting_for, patience_seconds)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, **options: Any) -> "ExchangeClient":
        """Read EXCHANGE_URL, and the token from COURSE_TOKEN (a short-lived staff token) or JUPYTERHUB_API_TOKEN."""
        env = os.environ if environ is None else environ
        return cls(env.get("EXCHANGE_URL", ""), token_names.hub_token(env, "EXCHANGE_TOKEN"), **options)

    def __enter__(self) -> "ExchangeClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._to.close()

    # Courses

    def courses(self) -> list[Course]:
        """List the caller's courses."""
        return from_plain(list[Course], self._to.ask("GET", "courses"))

    def course(self, course: str) -> Course:
        """Show a course."""
        return from_plain(Course, self._to.ask("GET", "courses", course))

    def put_course(self, course: str, settings: CourseSettings) -> Course:
        """Create or configure a course (admin)."""
        return from_plain(Course, self._to.ask("PUT", "courses", course, json=plain(settings)))

    def freeze(self, course: str) -> Freeze:
        """Freeze a course: everything can be read, and nothing can be changed (admin)."""
        return from_plain(Freeze, self._to.ask("PUT", "courses", course, "freeze"))

    def unfreeze(self, course: str) -> None:
        """Unfreeze a course (admin)."""
        self._to.ask("DELETE", "courses", course, "freeze")

    def delete_content(self, course: str, yes: bool, why: str = "") -> Deleted:
        """Delete everything in a frozen course; without `yes` only count it (admin)."""
        params = {"yes": "true" if yes else "false", "why": why}
        return from_plain(Deleted, self._to.ask("DELETE", "courses", course, "content", params=params))

    def audit(self, course: str, after: int = 0, limit: int = 200) -> list[AuditEntry]:
        """List who did or tried what (admin)."""
        params = {"after": after, "limit": limit}
        return from_plain(list[AuditEntry], self._to.ask("GET", "courses", course, "audit", params=params))

    def keys(self) -> list[PublicKey]:
        """List the public keys that verify receipts, the active one first."""
        return from_plain(list[PublicKey], self._to.ask("GET", "keys"))

    # Assignments

    def assignments(self, course: str) -> list[Assignment]:
        """List assignments as they stand for the caller."""
        return from_plain(list[Assignment], self._to.ask("GET", "courses", course, "assignments"))

    def assignment(self, course: str, assignment: str) -> Assignment:
        """Show an assignment as it stands for the caller."""
        return from_plain(Assignment, self._to.ask("GET", *_of(course, assignment)))

    def assignment_settings(self, course: str, assignment: str) -> AssignmentSettings:
        """Show an assignment's schedule and policies as they were set (admin)."""
        return from_plain(AssignmentSettings, self._to.ask("GET", *_of(course, assignment), "settings"))

    def put_assignment(self, course: str, assignment: str, settings: AssignmentSettings) -> Assignment:
        """Create an assignment or replace its schedule and policies (admin)."""
        return from_plain(Assignment, self._to.ask("PUT", *_of(course, assignment), json=plain(settings)))

    def extensions(self, course: str, assignment: str) -> list[ExtensionInfo]:
        """List an assignment's extensions (extend)."""
        return from_plain(list[ExtensionInfo], self._to.ask("GET", *_of(course, assignment), "extensions"))

    def put_extension(self, course: str, assignment: str, student: str, extension: Extension) -> ExtensionInfo:
        """Grant a student an extension, replacing an earlier one (extend)."""
        path = (*_of(course, assignment), "extensions", student)
        return from_plain(ExtensionInfo, self._to.ask("PUT", *path, json=plain(extension)))

    def delete_extension(self, course: str, assignment: str, student: str) -> None:
        """Revoke a student's extension (extend)."""
        self._to.ask("DELETE", *_of(course, assignment), "extensions", student)

    def late_days(self, course: str) -> list[LateDaysInfo]:
        """List who has spent how many late days on what (extend)."""
        return from_plain(list[LateDaysInfo], self._to.ask("GET", "courses", course, "late-days"))

    def spend_late_days(self, course: str, assignment: str, days: int) -> Assignment:
        """Set how many of the caller's late days are spent on an assignment."""
        return from_plain(Assignment, self._to.ask("PUT", *_of(course, assignment), "late-days", json={"days": days}))

    # Releases and solutions

    def release(
        self, course: str, assignment: str, folder: Path, force: bool = False, paths: Iterable[str] | None = None
    ) -> Assignment:
        """Release a folder's files (or some of them); releasing the same files again changes nothing (release)."""
        return self._put_bundle(course, assignment, "release", folder, force, paths)

    def put_solution(self, course: str, assignment: str, folder: Path, force: bool = False) -> Assignment:
        """Store the solution that `unlock` gives (release)."""
        return self._put_bundle(course, assignment, "solution", folder, force, None)

    def _put_bundle(
        self, course: str, assignment: str, kind: str, folder: Path, force: bool, paths: Iterable[str] | None
    ) -> Assignment:
        outgoing = pack(folder, list_folder(folder) if paths is None else paths)
        params = {"force": str(force).lower()}
        return from_plain(
            Assignment, self._upload("PUT", (*_of(course, assignment), kind), outgoing, params=params).json()
        )

    def withdraw(self, course: str, assignment: str) -> None:
        """Hide a release from students; nothing that was submitted is touched (release)."""
        self._to.ask("DELETE", *_of(course, assignment), "release")

    def fetch_release(self, course: str, assignment: str, target: Path) -> list[FileInfo]:
        """Download a release into the new folder `target`."""
        return self._download((*_of(course, assignment), "release"), target)

    def fetch_solution(self, course: str, assignment: str, target: Path) -> list[FileInfo]:
        """Download an unlocked solution into the new folder `target`."""
        return self._download((*_of(course, assignment), "solution"), target)

    def unlock_state(self, course: str, assignment: str) -> UnlockState:
        """Tell whether and when the caller may have the solution."""
        return from_plain(UnlockState, self._to.ask("GET", *_of(course, assignment), "unlock"))

    def unlock(self, course: str, assignment: str, close: bool = False, confirm: str = "") -> UnlockState:
        """Ask for the solution; `close` with the assignment's id as `confirm` gives up submitting for it, for good."""
        request = plain(UnlockRequest(close, confirm))
        return from_plain(UnlockState, self._to.ask("POST", *_of(course, assignment), "unlock", json=request))

    # Submissions

    def submit(self, course: str, assignment: str, outgoing: Outgoing, key: str = "") -> SignedReceipt:
        """Submit files; the same `key` gives the same receipt, so an upload can be repeated if its answer is lost."""
        headers = {IDEMPOTENCY_HEADER: key or uuid.uuid4().hex}
        answer = self._upload("POST", (*_of(course, assignment), "submissions"), outgoing, headers=headers)
        return from_plain(SignedReceipt, answer.json())

    def submissions(
        self,
        course: str,
        assignment: str = "",
        student: str = "",
        after: int = 0,
        wait_seconds: float = 0,
        limit: int = 200,
        mine: bool = False,
    ) -> list[Submission]:
        """List submissions in the order of arrival with `seq` above `after`, waiting up to `wait_seconds` for the first
        one; `mine`: only the caller's own, even with the collect scope.
        """
        params: dict[str, Any] = {
            "mine": "true" if mine else "",
            "assignment": assignment,
            "student": student,
            "after": after,
            "wait": wait_seconds,
            "limit": limit,
        }
        params = {name: value for name, value in params.items() if value}
        return from_plain(list[Submission], self._to.ask("GET", "courses", course, "submissions", params=params))

    def all_submissions(self, course: str, assignment: str = "", mine: bool = False) -> list[Submission]:
        """List submissions in the order of arrival, page by page to the last."""
        found: list[Submission] = []
        while page := self.submissions(course, assignment, after=found[-1].seq if found else 0, mine=mine):
            found += page
        return found

    def submission(self, course: str, submission: str) -> Submission:
        """Show a submission with its result and feedback."""
        return from_plain(Submission, self._to.ask("GET", "courses", course, "submissions", submission))

    def collection(self, course: str, assignment: str, counts: str = "") -> list[Submission]:
        """List the attempt of each student that counts (collect)."""
        params = {"counts": counts} if counts else {}
        return from_plain(list[Submission], self._to.ask("GET", *_of(course, assignment), "collection", params=params))

    def receipt(self, course: str, submission: str) -> SignedReceipt:
        """Return a submission's receipt."""
        return from_plain(SignedReceipt, self._to.ask("GET", "courses", course, "submissions", submission, "receipt"))

    def fetch_files(self, course: str, submission: str, target: Path) -> list[FileInfo]:
        """Download what was submitted into the new folder `target`."""
        return self._download(("courses", course, "submissions", submission, "files"), target)

    def put_result(self, course: str, submission: str, result: Result) -> Submission:
        """Attach what the grader found; the student can read it immediately (feedback)."""
        path = ("courses", course, "submissions", submission, "result")
        return from_plain(Submission, self._to.ask("PUT", *path, json=plain(result)))

    def put_feedback(self, course: str, submission: str, folder: Path, paths: Iterable[str] | None = None) -> None:
        """Release a folder's files as feedback on a submission, replacing earlier ones (feedback)."""
        outgoing = pack(folder, list_folder(folder) if paths is None else paths)
        self._upload("PUT", ("courses", course, "submissions", submission, "feedback"), outgoing)

    def fetch_feedback(self, course: str, submission: str, target: Path) -> list[FileInfo]:
        """Download the feedback on a submission into the new folder `target`."""
        return self._download(("courses", course, "submissions", submission, "feedback"), target)

    # Questions

    def ask(self, course: str, assignment: str, request: QuestionRequest, notebook: Outgoing | None = None) -> Question:
        """Ask the staff, with the module's notebook if there is one; if the notebook is refused, the question is
        withdrawn, so that both are sent or neither.
        """
        path = (*_of(course, assignment), "questions")
        asked = from_plain(Question, self._to.ask("POST", *path, json=plain(request)))
        if notebook is None:
            return asked
        try:
            self._upload("PUT", ("courses", course, "questions", asked.id, "notebook"), notebook)
        except Refused:
            with contextlib.suppress(Refused):
                self.take_back(course, asked.id)
            raise
        return self.question(course, asked.id)

    def questions(self, course: str, assignment: str = "", waiting: bool = False, mine: bool = False) -> list[Question]:
        """List the caller's own questions, or everybody's (answer), oldest first; `waiting`: only unanswered ones."""
        flags = {"waiting": waiting, "mine": mine}
        params = {name: "true" for name, given in flags.items() if given}
        params |= {"assignment": assignment} if assignment else {}
        return from_plain(list[Question], self._to.ask("GET", "courses", course, "questions", params=params))

    def question(self, course: str, question: str) -> Question:
        """Show a question."""
        return from_plain(Question, self._to.ask("GET", "courses", course, "questions", question))

    def fetch_notebook(self, course: str, question: str, target: Path) -> list[FileInfo]:
        """Download the notebook that goes with a question into the new folder `target`."""
        return self._download(("courses", course, "questions", question, "notebook"), target)

    def take_back(self, course: str, question: str) -> None:
        """Take back one of the caller's own questions that nobody has answered."""
        self._to.ask("DELETE", "courses", course, "questions", question)

    def take_question(self, course: str, question: str) -> Question:
        """Take a question to answer it (answer)."""
        return from_plain(Question, self._to.ask("POST", "courses", course, "questions", question, "take"))

    def give_question_back(self, course: str, question: str) -> Question:
        """Leave a question to somebody else (answer)."""
        return from_plain(Question, self._to.ask("DELETE", "courses", course, "questions", question, "take"))

    def answer(self, course: str, question: str, text: str, for_all: str = "") -> Question:
        """Answer a question (answer)."""
        body = plain(Answer(text, for_all))
        return from_plain(Question, self._to.ask("PUT", "courses", course, "questions", question, "answer", json=body))

    def see_answer(self, course: str, question: str) -> Question:
        """Note that the caller has read the answer to their own question."""
        return from_plain(Question, self._to.ask("POST", "courses", course, "questions", question, "seen"))

    def answers(self, course: str, assignment: str) -> list[AnswerForAll]:
        """List the answers that staff marked as useful for all."""
        return from_plain(list[AnswerForAll], self._to.ask("GET", *_of(course, assignment), "answers"))

    # Events

    def report_event(self, course: str, assignment: str, kind: str, detail: dict[str, Any] | None = None) -> Event:
        """Report that the caller `tested` or `completed` a module, or ran its test cells (`checked`)."""
        body = {"kind": kind, "assignment": assignment, "detail": detail or {}}
        return from_plain(Event, self._to.ask("POST", "courses", course, "events", json=body))

    def events(self, course: str, after: int = 0, wait_seconds: float = 0, **filters: Any) -> list[Event]:
        """List events (`assignment`, `student`, `kind`, `limit`) with `seq` above `after`."""
        params = {"after": after, "wait": wait_seconds, **filters}
        params = {name: value for name, value in params.items() if value}
        return from_plain(list[Event], self._to.ask("GET", "courses", course, "events", params=params))

    def progress(self, course: str) -> list[StudentProgress]:
        """Show how every assignment stands for every student who has done anything (events)."""
        return from_plain(list[StudentProgress], self._to.ask("GET", "courses", course, "progress"))

    def activity(
        self, course: str, assignment: str | None = None, student: str | None = None, failing: int = 0
    ) -> CourseActivity:
        """Show what events add up to: the caller's own, or everybody's (events)."""
        params = {"assignment": assignment, "student": student, "failing": failing or None}
        params = {name: value for name, value in params.items() if value is not None}
        return from_plain(CourseActivity, self._to.ask("GET", "courses", course, "activity", params=params))

    def steps(self, course: str) -> ClassSteps:
        """Show how far everybody is, as their own servers report it (events)."""
        return from_plain(ClassSteps, self._to.ask("GET", "courses", course, "steps"))

    def forget(
        self, course: str, before: str | None = None, student: str | None = None, yes: bool = False
    ) -> Forgotten:
        """Remove events before a time, or what a course need not keep about a student; without `yes` only count it."""
        params = {"before": before, "student": student, "yes": "true" if yes else None}
        params = {name: value for name, value in params.items() if value is not None}
        return from_plain(Forgotten, self._to.ask("DELETE", "courses", course, "events", params=params))

    # Transfers

    def _upload(self, method: str, path: tuple[str, ...], outgoing: Outgoing, **options: Any) -> httpx.Response:
        headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(outgoing.length), **options.pop("headers", {})}
        return self._to.send(method, *path, body=outgoing.content, headers=headers, **options)

    def _download(self, path: tuple[str, ...], target: Path) -> list[FileInfo]:
        for attempt in range(1, DOWNLOAD_ATTEMPTS + 1):
            try:
                with self._to.stream(*path) as answer:
                    return unpack(answer.iter_bytes(), target)
            except httpx.TransportError as error:
                if attempt == DOWNLOAD_ATTEMPTS:
                    raise Unreachable(f"{type(error).__name__} from {self.url}", sent=True) from error
        raise AssertionError("unreachable")


def _of(course: str, assignment: str) -> tuple[str, ...]:
    return ("courses", course, "assignments", assignment)
