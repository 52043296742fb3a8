"""What people change by hand: points, comments, flags. Each change says which version it was made from.

A field that a request does not name stays as it is. If somebody else has changed one meanwhile, the answer is 409 with
both sides, and nothing is written; the decision is made under the gradebook's lock, like every change. Nobody can
change anything in their own work, or in that of a student with whom the semester file declares a conflict.
"""

import json
import math
from typing import Any

from nbgrader.api import Comment, Grade, MissingEntry, SubmittedNotebook
from tornado import web

from tito.gradebook.late import refresh_penalty
from tito.gradebook.sections import sections

from .base import PageHandler
from .versions import Overtaken, Thing, check_version, described, state_of_flag

LONGEST_COMMENT = 50_000  # characters


class ByHandHandler(PageHandler):
    """Finds what is to be changed, and writes it if it is as the sender saw it."""

    def body(self) -> dict[str, Any]:
        return read_body(self)

    def notebook(self, submission_id: str) -> SubmittedNotebook:
        return self.found(self.gradebook.find_submission_notebook_by_id, submission_id, "submission")

    def found(self, find, name: str, what: str) -> Any:
        try:
            return find(name)
        except MissingEntry as error:
            raise web.HTTPError(404, f"there is no such {what}") from error

    def change(self, thing: Thing, wanted: dict[str, Any], version: object) -> bool:
        """Write the fields; if others came first, answer and return False."""
        if why := sections(self.course.course_dir).why_not(self.person, thing.student.id):
            raise web.HTTPError(403, why)
        try:
            if check_version(self.gradebook, thing, version, wanted):
                for name, value in wanted.items():
                    setattr(thing, name, value)
                self.gradebook.db.commit()
            return True
        except Overtaken as overtaken:
            self.set_status(409)
            self.write(overtaken.answer)
            return False

    def answer(self, thing: Thing) -> None:
        self.write(described(self.gradebook, thing)[0])

    def answer_all(self, things: list[Any]) -> None:
        self.set_header("Content-Type", "application/json")
        self.write(json.dumps(described(self.gradebook, *things)))


class GradeCollectionHandler(ByHandHandler):
    def get(self):
        self.answer_all(self.notebook(self.get_argument("submission_id")).grades)


class CommentCollectionHandler(ByHandHandler):
    def get(self):
        self.answer_all(self.notebook(self.get_argument("submission_id")).comments)


class GradeHandler(ByHandHandler):
    """One part's points. Only numbers that the part can have are taken, and the late penalty follows the new score."""

    def get(self, grade_id: str):
        self.answer(self.found(self.gradebook.find_grade_by_id, grade_id, "grade"))

    def put(self, grade_id: str):
        grade = self.found(self.gradebook.find_grade_by_id, grade_id, "grade")
        body = self.body()
        if self.change(grade, _points_wanted(grade, body), body.get("version")):
            refresh_penalty(self.course.course_dir, self.gradebook, grade.notebook)
            self.answer(grade)


class CommentHandler(ByHandHandler):
    """One answer's comment."""

    def get(self, comment_id: str):
        self.answer(self.found(self.gradebook.find_comment_by_id, comment_id, "comment"))

    def put(self, comment_id: str):
        comment: Comment = self.found(self.gradebook.find_comment_by_id, comment_id, "comment")
        body = self.body()
        wanted = {"manual_comment": _text(body["manual_comment"])} if "manual_comment" in body else {}
        if self.change(comment, wanted, body.get("version")):
            self.answer(comment)


class FlagSubmissionHandler(ByHandHandler):
    """Whether somebody should look at a submission again: `{"flagged": true}` or false. Without it a flag is set."""

    def post(self, submission_id: str):
        notebook = self.notebook(submission_id)
        body = self.body()
        wanted = body.get("flagged", True)
        if not isinstance(wanted, bool):
            raise web.HTTPError(400, f"flagged must be true or false, got {wanted!r}")
        if "flagged" not in body and notebook.flagged:
            raise web.HTTPError(409, 'this submission is already flagged: send {"flagged": false} to remove the flag')
        if self.change(notebook, {"flagged": wanted}, body.get("version")):
            self.write({**notebook.to_dict(), **state_of_flag(self.gradebook, notebook)})


def read_body(handler: web.RequestHandler) -> dict[str, Any]:
    try:
        body = json.loads(handler.request.body or b"{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise web.HTTPError(400, "send a JSON object with the fields to change and their version")
    return body


def _points_wanted(grade: Grade, body: dict[str, Any]) -> dict[str, Any]:
    """Return the fields to write; a score that is named, even an unchanged one, says that the part was read."""
    wanted: dict[str, Any] = {}
    if "manual_score" in body:
        wanted["manual_score"] = points_of(body["manual_score"], "points", grade.max_score)
        wanted["needs_manual_grade"] = wanted["manual_score"] is None and grade.auto_score is None
    if "extra_credit" in body:
        wanted["extra_credit"] = points_of(body["extra_credit"], "extra points", None)
    return wanted


def points_of(value: object, what: str, highest: float | None) -> float | None:
    """Read points as the page sends them: a number, its text, or nothing."""
    if value is None or value == "":
        return None
    try:
        points = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        points = math.nan
    if isinstance(value, bool) or not math.isfinite(points) or points < 0 or (highest is not None and points > highest):
        upper = f"{highest:g}" if highest is not None else "any number"
        raise web.HTTPError(400, f"{what} must be a number from 0 to {upper}, got {str(value)[:100]!r}")
    return points


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise web.HTTPError(400, f"a comment must be text, got {str(value)[:100]!r}")
    if value and len(value) > LONGEST_COMMENT:
        raise web.HTTPError(400, f"the comment has {len(value):,} characters; at most {LONGEST_COMMENT:,} are allowed")
    return value
