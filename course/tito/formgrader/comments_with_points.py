"""Comments that carry points: used on an answer, or taken off it, and changed for all who got them, plan first."""

from typing import Any

from nbgrader.api import Grade
from tornado import web

from tito.gradebook.comment_for_all import PlanChanged, change_for_all, digest_of, plan_for_all
from tito.gradebook.late import refresh_penalty
from tito.gradebook.sections import sections
from tito.gradebook.shared_comments import (
    SharedComment,
    add_shared,
    find_shared,
    keep_standing,
    listed,
    standing_of,
    students_with,
    text_with,
    with_comment,
)

from .by_hand import ByHandHandler, points_of
from .versions import Overtaken, check_version, described

LONGEST_TEXT = 5000  # characters


class _Finds(ByHandHandler):
    """Finds comments and what they are on."""

    def rows(self, notebook: Any) -> list[dict[str, Any]]:
        used = {each.id for grade in notebook.grades for each in standing_of(self.gradebook, grade).used}
        found = listed(self.gradebook, notebook.assignment.assignment.name)
        return [{**plain(each), "answers": count, "used": each.id in used} for each, count in found]

    def grade_of(self, notebook: Any, question: str) -> Grade:
        found = next((grade for grade in notebook.grades if grade.name == question), None)
        if found is None:
            raise web.HTTPError(404, "this submission has no answer to that question")
        return found

    def shared(self, number: str) -> SharedComment:
        found = find_shared(self.gradebook, int(number)) if number.isascii() and number.isdigit() else None
        if found is None:
            raise web.HTTPError(404, "there is no such comment")
        return found


class SharedCommentsHandler(_Finds):
    """The comments on a submission's questions, and which of them it has; a new one is made here."""

    def get(self, submission_id: str):
        self.write({"comments": self.rows(self.notebook(submission_id))})

    def post(self, submission_id: str):
        notebook, body = self.notebook(submission_id), self.body()
        grade = self.grade_of(notebook, str(body.get("question", "")))
        assignment = notebook.assignment.assignment.name
        about = (text_of(body.get("text")), signed(body.get("points"), grade.max_score))
        made = add_shared(self.gradebook, assignment, grade.name, *about, self.person)
        self.gradebook.db.commit()
        self.write({"id": made.id, "comments": self.rows(notebook)})


class UseCommentHandler(_Finds):
    """Puts a comment with its points on an answer, or takes both off: `{"used": true, "versions": {...}}`."""

    def put(self, submission_id: str, number: str):
        notebook, body = self.notebook(submission_id), self.body()
        shared = self.shared(number)
        if shared.assignment != notebook.assignment.assignment.name:
            raise web.HTTPError(404, "this comment belongs to another module")
        if refusal := sections(self.course.course_dir).why_not(self.person, notebook.assignment.student.id):
            raise web.HTTPError(403, refusal)
        grade = self.grade_of(notebook, shared.question)
        try:
            self._use(grade, shared, body)
        except Overtaken as overtaken:
            self.gradebook.db.rollback()
            self.set_status(409)
            self.write(overtaken.answer)

    def _use(self, grade: Grade, shared: SharedComment, body: dict[str, Any]) -> None:
        used, versions = body.get("used", True), body.get("versions")
        if not isinstance(used, bool) or not isinstance(versions, dict):
            raise web.HTTPError(400, "send whether the comment is used, and the versions of points and comment read")
        comment = next(each for each in grade.notebook.comments if each.name == shared.question)
        standing = with_comment(standing_of(self.gradebook, grade), shared, used)
        points = standing.points(grade.max_score)
        scores = {"manual_score": points, "needs_manual_grade": points is None and grade.auto_score is None}
        words = {"manual_comment": text_with(comment.manual_comment or "", shared.text, used)}
        for thing, wanted, version in ((grade, scores, "grade"), (comment, words, "comment")):
            check_version(self.gradebook, thing, versions.get(version), wanted)
        for thing, wanted in ((grade, scores), (comment, words)):
            for name, value in wanted.items():
                setattr(thing, name, value)
        keep_standing(self.gradebook, grade, standing, self.person)
        self.gradebook.db.commit()
        refresh_penalty(self.course.course_dir, self.gradebook, grade.notebook)
        answer = {"grade": described(self.gradebook, grade)[0], "comment": described(self.gradebook, comment)[0]}
        self.write({**answer, "comments": self.rows(grade.notebook)})


class CommentsPageHandler(_Finds):
    """A module's comments with points, and the change of one: first what it would change, then the change."""

    def get(self, assignment: str):
        found = listed(self.gradebook, assignment)
        done = self.get_argument("done", "")
        self.write(self.render("gateway_comments.tpl", assignment=assignment, comments=found, done=done))

    def post(self, assignment: str):
        shared = self.shared(self.get_argument("comment"))
        if shared.assignment != assignment:
            raise web.HTTPError(404, "this comment belongs to another module")
        self._refuse_conflicts(shared)
        text = text_of(self.get_argument("text").replace("\r\n", "\n"))
        points = signed(self.get_argument("points"), None)
        seen = self.get_argument("seen", "")
        done = self._change(shared, text, points, seen) if seen else None
        if done is not None:
            self.redirect(f"{self.base_url}/formgrader/comments/{assignment}?done={done}#comment-{shared.id}")
            return
        self._show_plan(shared, text, points, changed=bool(seen))

    def _change(self, shared: SharedComment, text: str, points: float, seen: str) -> int | None:
        """Make the change; None if the plan is a different one by now."""
        try:
            lines = change_for_all(
                self.gradebook, self.course.course_dir, shared, text, points, self.person, seen
            )  # fmt: skip
        except PlanChanged:
            self.gradebook.db.rollback()
            return None
        return sum(line.changes_points or line.text is not None for line in lines)

    def _show_plan(self, shared: SharedComment, text: str, points: float, changed: bool) -> None:
        lines = plan_for_all(self.gradebook, shared, text, points)
        order = self.api.get_notebook_submission_indices(shared.assignment, _notebook_of(lines) or shared.assignment)
        rows = [{**line.plain(), "number": order.get(line.page, -1) + 1} for line in lines]
        self.write(self.render(
            "gateway_comment_plan.tpl", shared=shared, text=text, points=points, changed=changed,
            rows=sorted(rows, key=lambda row: row["number"]), seen=digest_of(shared, text, points, lines),
        ))  # fmt: skip

    def _refuse_conflicts(self, shared: SharedComment) -> None:
        found = sections(self.course.course_dir)
        for student in students_with(self.gradebook, shared):
            if found.why_not(self.person, student):
                raise web.HTTPError(403, "somebody whom you don't grade has this comment: ask an instructor")


def plain(shared: SharedComment) -> dict[str, Any]:
    return {"id": shared.id, "question": shared.question, "text": shared.text, "points": shared.points}


def text_of(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise web.HTTPError(400, "the comment has no words: say what its points are for")
    if len(value) > LONGEST_TEXT:
        raise web.HTTPError(400, f"the comment has {len(value):,} characters; at most {LONGEST_TEXT:,} are allowed")
    return value.strip()


def signed(value: object, highest: float | None) -> float:
    """Read points that are given, or taken if they begin with a minus sign."""
    text = str(value).strip().replace("\N{MINUS SIGN}", "-")
    points = points_of(text.removeprefix("-").removeprefix("+"), "points of a comment", highest) or 0.0
    return -points if text.startswith("-") else points


def _notebook_of(lines: list[Any]) -> str:
    return next((line.grade.notebook.notebook.name for line in lines if line.grade), "")
