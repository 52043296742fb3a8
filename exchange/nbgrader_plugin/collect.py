"""`nbgrader collect` and the formgrader's *Collect*.

Beside each collected submission lie `receipt.json`, the exchange's own word on it, and `timestamp.txt`, from which
nbgrader reads lateness. Only the exchange knows grace and extensions, so the timestamp is written such that
nbgrader's difference to the assignment's due date is exactly the exchange's lateness: on time is never after the due
date, late is due date + lateness.
"""

import json
import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.exchange import abc

from exchange.client import ExchangeClient
from exchange.client.fetching import replace_folder
from exchange.nbgrader_plugin.base import Exchange
from exchange.protocol.models import Refused, Submission, parse_utc, plain
from exchange.protocol.paths import check_person


class ExchangeCollect(Exchange, abc.ExchangeCollect):
    """Collect the attempt of each student that counts."""

    def copy_files(self) -> None:
        """Bring each student's folder up to date, one at a time, each whole."""
        course, assignment = self.course, self.coursedir.assignment_id
        wanted = self.coursedir.student_id
        with self.asking() as client:
            due_at = client.assignment(course, assignment).due_at
            self._tell_gradebook(due_at)
            found = client.collection(course, assignment, "last_on_time" if self.before_duedate else "")
            found = [s for s in found if wanted in ("", "*", s.student)]
            if not found:
                self.log.warning("No submissions of '%s' for course '%s' to collect", assignment, course)
                return
            self.log.info("Processing %d submissions of '%s' for course '%s'", len(found), assignment, course)
            failed = [s.student for s in found if not self._collect(client, s, due_at)]
        if failed:
            self.fail(f"Not collected: {', '.join(failed)}; the reasons stand above")

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

    def _tell_gradebook(self, due_at: str | None) -> None:
        due = parse_utc(due_at).replace(tzinfo=None) if due_at else None
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            try:
                known = gradebook.find_assignment(self.coursedir.assignment_id).duedate
            except MissingEntry:
                return
            if known != due:
                self.log.info("Due date in the gradebook: %s, from the exchange (was %s)", due, known)
                gradebook.update_or_create_assignment(self.coursedir.assignment_id, duedate=due)


def collected_id(folder: Path) -> str | None:
    """Read which submission a collected folder is of."""
    try:
        return str(json.loads((folder / "receipt.json").read_text())["receipt"]["submission"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def effective_time(submission: Submission, due_at: str | None) -> datetime:
    """Give the time whose distance to the due date is the submission's lateness."""
    received = parse_utc(submission.received_at)
    if due_at is None:
        return received
    due = parse_utc(due_at)
    return due + timedelta(seconds=submission.lateness_seconds) if submission.late else min(received, due)
