"""`nbgrader list` and JupyterLab's Assignment List: what is released, what was submitted, what feedback there is."""

import hashlib
import json
from pathlib import Path
from typing import Any

from nbgrader.exchange import abc
from traitlets import Bool

from exchange.client import ExchangeClient
from exchange.nbgrader_plugin.base import Exchange
from exchange.protocol.models import Assignment, FileInfo, Submission

PAGE = 500


def all_submissions(
    client: ExchangeClient, course: str, assignment: str = "", student: str = "", mine: bool = False
) -> list[Submission]:
    """List all submissions, page by page; `mine`: only those of the token's owner, even for staff."""
    found: list[Submission] = []
    while page := client.submissions(
        course, assignment, student, after=found[-1].seq if found else 0, limit=PAGE, mine=mine
    ):
        found += page
    return found


class ExchangeList(Exchange, abc.ExchangeList):
    """List releases (outbound) or submissions (inbound for staff, cached for students), or withdraw releases."""

    as_json = Bool(False, help="Print the list as JSON.").tag(config=True)

    def init_dest(self) -> None:
        """Choose what is listed."""
        self._assignment = "" if self.coursedir.assignment_id in ("", "*") else self.coursedir.assignment_id
        self._student = "" if self.coursedir.student_id in ("", "*") else self.coursedir.student_id

    def copy_files(self) -> None:
        """Copy nothing: listing only reads."""

    def parse_assignments(self) -> list[dict[str, Any]]:
        """Build what nbgrader's lists show."""
        with self.asking() as client:
            courses = [self.coursedir.course_id] if self.coursedir.course_id else [c.id for c in client.courses()]
            if not (self.inbound or self.cached):
                return [self._released(a) for course in courses for a in self._visible(client, course)]
            rows = [s for course in courses for s in self._submissions(client, course)]
        groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        for row in rows:
            groups.setdefault((row.course, row.student, row.assignment), []).append(self._submitted(row))
        names = ("course_id", "student_id", "assignment_id")
        return [
            {**dict(zip(names, key, strict=True)), "status": "submitted", "submissions": groups[key]}
            for key in sorted(groups)
        ]

    def _visible(self, client: ExchangeClient, course: str) -> list[Assignment]:
        found = client.assignments(course)
        return [a for a in found if a.state != "announced" and a.files and self._assignment in ("", a.id)]

    def _submissions(self, client: ExchangeClient, course: str) -> list[Submission]:
        return all_submissions(client, course, self._assignment, self._student, mine=self.cached)

    def _released(self, assignment: Assignment) -> dict[str, Any]:
        folder = self.assignment_folder(assignment.course, assignment.id)
        fetched = folder.is_dir()
        released = [f.path for f in assignment.files if f.path.endswith(".ipynb") and "/" not in f.path]
        here = sorted(p.name for p in folder.glob("*.ipynb")) if fetched else sorted(released)
        return {
            "course_id": assignment.course,
            "assignment_id": assignment.id,
            "status": "removed" if self.remove else "fetched" if fetched else "released",
            "path": str(folder) if fetched else "",
            "notebooks": [{"notebook_id": Path(n).stem, "path": str(folder / n) if fetched else n} for n in here],
            "due_at": assignment.due_at,
            "closes_at": assignment.closes_at,
        }

    def _submitted(self, row: Submission) -> dict[str, Any]:
        folder, timestamp = self.assignment_folder(row.course, row.assignment), self.timestamp_of(row.received_at)
        local = folder / "feedback" / timestamp
        pages = {f.path: f for f in row.feedback}
        notebooks = [_feedback_of(f.path, folder, local, pages) for f in row.files if f.path.endswith(".ipynb")]
        has_local = bool(notebooks) and all(n["has_local_feedback"] for n in notebooks)
        return {
            "course_id": row.course,
            "student_id": row.student,
            "assignment_id": row.assignment,
            "timestamp": timestamp,
            "status": "submitted",
            "path": str(folder),
            "notebooks": notebooks,
            "has_local_feedback": has_local,
            "has_exchange_feedback": bool(notebooks) and all(n["has_exchange_feedback"] for n in notebooks),
            "feedback_updated": any(n["feedback_updated"] for n in notebooks),
            "local_feedback_path": str(local) if has_local else None,
            "submission_id": row.id,
            "attempt": row.attempt,
            "late": row.late,
            "counts": row.counts,
        }

    def list_files(self) -> list[dict[str, Any]]:
        """Print the list and return it."""
        found = self.parse_assignments()
        if self.as_json:
            print(json.dumps(found))
        else:
            self._print("Submitted assignments:" if self.inbound or self.cached else "Released assignments:", found)
        return found

    def remove_files(self) -> list[dict[str, Any]]:
        """Withdraw the listed releases; submissions are never removed."""
        if self.inbound or self.cached:
            self.fail("The exchange never removes a submission: it is evidence of the student's work")
        found = self.parse_assignments()
        self._print("Removing released assignments:", found)
        with self.asking() as client:
            for info in found:
                client.withdraw(info["course_id"], info["assignment_id"])
        return found

    def _print(self, title: str, found: list[dict[str, Any]]) -> None:
        self.log.info(title)
        for info in found:
            for row in info.get("submissions", [info]):
                self.log.info(_line(row))


def _line(info: dict[str, Any]) -> str:
    if info["status"] != "submitted":
        text = f"{info['course_id']} {info['assignment_id']}"
        return text + (" (already downloaded)" if info["status"] == "fetched" else "")
    text = f"{info['course_id']} {info['student_id']} {info['assignment_id']} {info['timestamp']}"
    if info["has_local_feedback"] and not info["feedback_updated"]:
        return text + " (feedback already fetched)"
    return text + (" (feedback ready to be fetched)" if info["has_exchange_feedback"] else " (no feedback available)")


def _feedback_of(path: str, folder: Path, local: Path, pages: dict[str, FileInfo]) -> dict[str, Any]:
    page = str(Path(path).with_suffix(".html"))
    here, there = local / page, pages.get(page)
    fetched = here.is_file()
    changed = fetched and there is not None and hashlib.sha256(here.read_bytes()).hexdigest() != there.sha256
    return {
        "notebook_id": Path(path).stem,
        "path": str(folder / path),
        "has_local_feedback": fetched,
        "has_exchange_feedback": there is not None,
        "local_feedback_path": str(here) if fetched else None,
        "feedback_updated": changed,
    }
