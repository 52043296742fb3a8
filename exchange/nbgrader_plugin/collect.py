"""`nbgrader collect` and the formgrader's *Collect*.

Each collected submission comes with `receipt.json`, the exchange's own statement about it, and `timestamp.txt`, from
which nbgrader reads lateness. Only the exchange knows grace and extensions, so the timestamp is written such that
nbgrader's difference from the assignment's due date is exactly the exchange's lateness: if on time, it is never after
the due date; if late, it is the due date + lateness. Every collection updates the timestamps to the schedule of that
moment, also those of what was collected before, and in the gradebook together with the due date, unless somebody else
owns the gradebook.
"""

import glob
import json
import os
import tempfile
from datetime import datetime
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.exchange import abc
from traitlets import Bool

from exchange.client import ExchangeClient
from exchange.client.fetching import replace_folder
from exchange.nbgrader_plugin.base import Exchange
from exchange.protocol import schedule
from exchange.protocol.models import Refused, Submission, parse_utc, plain
from exchange.protocol.paths import check_person


class ExchangeCollect(Exchange, abc.ExchangeCollect):
    """Collect the attempt of each student that counts."""

    brings_times = Bool(
        True, help="Whether to update the due date and the times of earlier collections too, if nobody else does."
    ).tag(config=True)

    def copy_files(self) -> None:
        """Bring each student's folder up to date, one at a time, each completely or not at all."""
        course, assignment = self.course, self.coursedir.assignment_id
        wanted = self.coursedir.student_id
        with self.asking() as client:
            due_at = client.assignment(course, assignment).due_at
            found = client.collection(course, assignment, "last_on_time" if self.before_duedate else "")
            found = [s for s in found if wanted in ("", "*", s.student)]
            self.log.info("Processing %d submissions of '%s' for course '%s'", len(found), assignment, course)
            failed = [s.student for s in found if not self._collect(client, s, due_at)]
            if self.brings_times:
                self._keep_time(client, due_at)
        if not found:
            self.log.warning("No submissions of '%s' for course '%s' to collect", assignment, course)
        if failed:
            self.fail(f"Not collected: {', '.join(failed)}; see the reasons above")

    def _collect(self, client: ExchangeClient, submission: Submission, due_at: str | None) -> bool:
        student, assignment = submission.student, submission.assignment
        target = Path(self.coursedir.format_path(self.coursedir.submitted_directory, check_person(student), assignment))
        collected = collected_id(target)
        if collected == submission.id:
            self.log.info("No newer submission to collect: %s %s", student, assignment)
            return True
        if target.is_dir() and not (self.update or self.before_duedate):
            self.log.info("Submission already exists, use --update to update: %s %s", student, assignment)
            return True
        self.log.info("%s submission: %s %s", "Updating" if target.is_dir() else "Collecting", student, assignment)
        try:
            self._download(client, submission, due_at, target)
        except Refused as error:
            self.log.error("%s %s: %s", student, assignment, error)
            return False
        return True

    def _download(self, client: ExchangeClient, submission: Submission, due_at: str | None, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".collect-", dir=target.parent) as scratch:
            fresh = Path(scratch) / target.name
            client.fetch_files(submission.course, submission.id, fresh)
            receipt = client.receipt(submission.course, submission.id)
            (fresh / "receipt.json").write_text(json.dumps(plain(receipt), indent=2) + "\n")
            (fresh / "timestamp.txt").write_text(self.format_time(effective_time(submission, due_at)))
            self._share(fresh)
            replace_folder(fresh, target)

    def _share(self, folder: Path) -> None:
        if self.coursedir.groupshared:
            for root, _, names in os.walk(folder):
                Path(root).chmod(0o2770)
                for name in names:
                    Path(root, name).chmod(0o660)

    def _keep_time(self, client: ExchangeClient, due_at: str | None) -> None:
        """Update the due date and the times of all collected work to the current schedule, everybody's together."""
        collected = self._places(self.coursedir.submitted_directory)
        graded = {**collected, **self._places(self.coursedir.autograded_directory)}
        found = client.all_submissions(self.course, self.coursedir.assignment_id)
        times = {submission.id: effective_time(submission, due_at) for submission in found}
        for name, place in collected.values():
            if name in times:
                self._write_time(place / "timestamp.txt", times[name])
        naive = {who: times[name].replace(tzinfo=None) for who, (name, _) in graded.items() if name in times}
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            self._tell_gradebook(gradebook, due_at, naive)

    def _places(self, step: str) -> dict[str, tuple[str, Path]]:
        """Find, for each student, which submission is in one of nbgrader's steps, and where."""
        pattern = self.coursedir.format_path(step, "*", self.coursedir.assignment_id)
        folders = map(Path, glob.glob(pattern))  # noqa: PTH207
        return {path.parent.name: (name, path) for path in folders if (name := collected_id(path))}

    def _write_time(self, path: Path, time: datetime) -> None:
        text = self.format_time(time)
        if path.is_file() and path.read_text() == text:
            return
        self.log.info("Time of %s: %s, by the current schedule", path.parent, text)
        with tempfile.TemporaryDirectory(prefix=".collect-", dir=path.parent.parent) as scratch:
            fresh = Path(scratch) / path.name
            fresh.write_text(text)
            self._share(Path(scratch))
            fresh.replace(path)

    def _tell_gradebook(self, gradebook: Gradebook, due_at: str | None, times: dict[str, datetime]) -> None:
        due = parse_utc(due_at).replace(tzinfo=None) if due_at else None
        try:
            assignment = gradebook.find_assignment(self.coursedir.assignment_id)
        except MissingEntry:
            return
        if assignment.duedate != due:
            self.log.info("Due date in the gradebook: %s, from the exchange (was %s)", due, assignment.duedate)
            assignment.duedate = due
        for graded in assignment.submissions:
            graded.timestamp = times.get(graded.student_id, graded.timestamp)
        gradebook.db.commit()


def collected_id(folder: Path) -> str | None:
    """Read which submission a collected folder contains."""
    try:
        return str(json.loads((folder / "receipt.json").read_text())["receipt"]["submission"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def effective_time(submission: Submission, due_at: str | None) -> datetime:
    """Give the time whose distance to the due date is the submission's lateness."""
    due = parse_utc(due_at) if due_at else None
    return schedule.effective_time(parse_utc(submission.received_at), submission.lateness_seconds, due)
