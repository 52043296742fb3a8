"""`nbgrader release_feedback` and `fetch_feedback`, and the Assignment List's *Fetch Feedback*."""

import re
from pathlib import Path

from nbgrader.exchange import abc

from exchange.client import ExchangeClient
from exchange.client.fetching import fetch_feedback_folder
from exchange.client.receipts import load
from exchange.nbgrader_plugin.base import Exchange
from exchange.nbgrader_plugin.listing import all_submissions
from exchange.protocol.models import Refused, Submission


class ExchangeReleaseFeedback(Exchange, abc.ExchangeReleaseFeedback):
    """Release generated feedback to the submission that was graded."""

    def copy_files(self) -> None:
        """Release each student's feedback; if one fails, the others are still released."""
        excluded = set((self.coursedir.student_id_exclude or "").split(","))
        students = [(s, folder) for s, folder in self._folders() if s not in excluded]
        if not students:
            self.log.warning("No feedback of '%s' to release; run `nbgrader generate_feedback` first", self._assignment)
        with self.asking() as client:
            failed = [student for student, folder in students if not self._release(client, student, folder)]
        if failed:
            self.fail(f"Not released: {', '.join(failed)}; see the reasons above")

    @property
    def _assignment(self) -> str:
        return self.coursedir.assignment_id

    def _folders(self) -> list[tuple[str, Path]]:
        """List (student, folder) of those who have feedback pages."""
        course = self.coursedir
        pattern = course.format_path(course.feedback_directory, "(?P<student>[^/]+)", self._assignment, escape=True)
        wanted = course.student_id or "*"
        place = Path(course.format_path(course.feedback_directory, wanted, self._assignment))
        root = Path(course.root)
        found = sorted(root.glob(place.relative_to(root).as_posix()))
        matched = [(re.fullmatch(pattern, str(folder)), folder) for folder in found if any(folder.glob("*.html"))]
        return [(match["student"], folder) for match, folder in matched if match]

    def _release(self, client: ExchangeClient, student: str, folder: Path) -> bool:
        try:
            submission = self._graded(student, folder)
            client.put_feedback(self.course, submission, folder, [p.name for p in sorted(folder.glob("*.html"))])
        except Refused as error:
            self.log.error("%s %s: %s", student, self._assignment, error)
            return False
        self.log.info(
            "Releasing feedback for student '%s' on assignment '%s/%s'", student, self.course, self._assignment
        )
        return True

    def _graded(self, student: str, folder: Path) -> str:
        """Name the submission that was graded: its receipt is with the feedback or with the collected files."""
        course = self.coursedir
        collected = Path(course.format_path(course.submitted_directory, student, self._assignment))
        place = next((f for f in (folder, collected) if (f / "receipt.json").is_file()), None)
        if place is None:
            remedy = "collect it with `nbgrader collect`; feedback on files copied there by hand has no recipient"
            raise Refused("the submission was not collected", f"no receipt.json in {collected}", remedy)
        receipt = load(place / "receipt.json").receipt
        if (receipt.course, receipt.student, receipt.assignment) != (self.course, student, self._assignment):
            value = f"{receipt.course} {receipt.student} {receipt.assignment} in {place}"
            raise Refused("this receipt belongs to another submission", value, "collect the submission again")
        return receipt.submission


class ExchangeFetchFeedback(Exchange, abc.ExchangeFetchFeedback):
    """Fetch released feedback on the caller's own submissions."""

    def copy_files(self) -> None:
        """Put each submission's feedback into ASSIGNMENT/feedback/TIMESTAMP, replacing older feedback."""
        course, assignment = self.course, self.coursedir.assignment_id
        if not self.is_self(self.coursedir.student_id):
            self.fail(f"You can fetch only your own feedback, not with --student={self.coursedir.student_id}")
        with self.asking() as client:
            found = all_submissions(client, course, assignment="" if assignment == "*" else assignment, mine=True)
            for submission in found:
                self._fetch(client, submission)

    def _fetch(self, client: ExchangeClient, submission: Submission) -> None:
        timestamp = self.timestamp_of(submission.received_at)
        name = f"{submission.course}/{submission.assignment}"
        if submission.feedback_at is None:
            self.log.warning("Could not find feedback for '%s' submitted at %s", name, timestamp)
            return
        folder = self.assignment_folder(submission.course, submission.assignment) / "feedback"
        fetch_feedback_folder(client, submission, folder / timestamp)
        self.log.info("Fetched feedback: %s", folder / timestamp)
