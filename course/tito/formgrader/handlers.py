"""The gateway's handlers: nbgrader's own behind our login and rights, and ours where nbgrader's would reach too far."""

import mimetypes
from collections import Counter
from pathlib import Path

from nbgrader.api import Comment, MissingEntry, SolutionCell
from nbgrader.server_extensions.formgrader import apihandlers, handlers
from tornado import web

from tito.gradebook.grade_changes import list_changes
from tito.gradebook.shared_comments import listed

from .base import GatewayMixin, PageHandler
from .by_hand import (
    CommentCollectionHandler,
    CommentHandler,
    FlagSubmissionHandler,
    GradeCollectionHandler,
    GradeHandler,
)
from .guidance import guidance
from .pages import FILE_POLICY
from .submission_page import SubmissionHandler

SHOWN_INLINE = {"image/png", "image/jpeg", "image/gif", "image/webp"}
MAX_REUSED_COMMENTS = 20


def behind_the_gateway(original: type) -> type:
    """Put our mixin before one of nbgrader's handlers."""
    return type(original.__name__, (GatewayMixin, original), {"__module__": __name__})


class FormgraderHandler(PageHandler):
    """The front page. nbgrader's takes `?path=` and runs a configuration file from there; this one takes nothing."""

    def get(self):
        page = "manage_assignments" if self.has("custom:grading:run") else "gradebook"
        self.redirect(f"{self.base_url}/formgrader/{page}")


class ManageAssignmentsHandler(PageHandler):
    def get(self):
        self.write(self.render("gateway_assignments.tpl"))


class ManageSubmissionsHandler(PageHandler):
    def get(self, assignment_id: str):
        self.write(self.render("gateway_submissions.tpl", assignment_id=assignment_id))


class SubmissionFilesHandler(PageHandler):
    """Files that were submitted next to the notebook: pictures are shown, everything else is a download without
    a type.
    """

    free_path = True

    def get(self, submission_id: str, path: str):
        try:
            submission = self.gradebook.find_submission_notebook_by_id(submission_id)
        except MissingEntry as error:
            raise web.HTTPError(404, "there is no such submission") from error
        folder = self.course.course_dir / "autograded" / submission.student.id / submission.assignment.assignment.name
        target = folder / path
        inside = target.resolve().is_relative_to(folder.resolve()) and not target.is_symlink()
        if not inside or not target.is_file():
            raise web.HTTPError(404, "this submission has no such file")
        self._send(target)

    def _send(self, target: Path) -> None:
        kind = mimetypes.guess_type(target.name)[0]
        self.set_header("Content-Security-Policy", FILE_POLICY)
        self.set_header("Content-Type", kind if kind in SHOWN_INLINE else "application/octet-stream")
        if kind not in SHOWN_INLINE:
            self.set_header("Content-Disposition", "attachment")
        self.write(target.read_bytes())


class GuidanceHandler(PageHandler):
    """Rubric and sample answer of each written answer of a submission, from the staff's notebook."""

    def get(self, submission_id: str):
        try:
            submission = self.gradebook.find_submission_notebook_by_id(submission_id)
        except MissingEntry as error:
            raise web.HTTPError(404, "there is no such submission") from error
        assignment, notebook = submission.assignment.assignment.name, submission.notebook.name
        source = self.course.course_dir / "source" / assignment / f"{notebook}.ipynb"
        self.write({"cells": guidance(source)})


class CommentBankHandler(PageHandler):
    """Comments that were written on the same answer by other students, most used first, to be used again."""

    def get(self, assignment: str, notebook: str, cell: str):
        query = (
            self.gradebook.db.query(Comment.manual_comment)
            .join(SolutionCell, SolutionCell.id == Comment.cell_id)
            .filter(Comment.manual_comment.is_not(None), Comment.manual_comment != "")
        )
        texts = Counter(text for (text,) in query.filter(SolutionCell.id == self._solution(cell, notebook, assignment)))
        # One that carries points has a button of its own.
        for shared, _ in listed(self.gradebook, assignment):
            texts.pop(shared.text, None)
        best = sorted(texts.items(), key=lambda item: (-item[1], item[0]))[:MAX_REUSED_COMMENTS]
        self.write({"comments": [{"text": text, "used": count} for text, count in best]})

    def _solution(self, cell: str, notebook: str, assignment: str) -> str:
        try:
            return self.gradebook.find_solution_cell(cell, notebook, assignment).id
        except MissingEntry as error:
            raise web.HTTPError(404, "there is no such answer") from error


class AuditHandler(PageHandler):
    def get(self):
        before = self.get_argument("before", "")
        where = {name: self.get_argument(name, "") for name in ("student", "assignment", "person")}
        rows = list_changes(self.gradebook, where, before=int(before) if before.isdigit() else None)
        self.write({"changes": rows})


class AuditPageHandler(PageHandler):
    def get(self):
        where = {name: self.get_argument(name, "") for name in ("student", "assignment", "person")}
        rows = list_changes(self.gradebook, where, limit=500)
        self.write(self.render("gateway_audit.tpl", rows=rows, where=where))


class WhoHandler(PageHandler):
    """Who is looking, and with which rights."""

    def get(self):
        self.write({"name": self.person, "rights": sorted(s for s in self.scopes if s.startswith("custom:grading:"))})


class NotFoundHandler(PageHandler):
    free_path = True

    def get(self, *_):
        raise web.HTTPError(404, "there is no such page")


OWN: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        FormgraderHandler,
        ManageAssignmentsHandler,
        ManageSubmissionsHandler,
        SubmissionHandler,
        GradeHandler,
        CommentHandler,
        GradeCollectionHandler,
        CommentCollectionHandler,
        FlagSubmissionHandler,
    )
}  # fmt: skip
DROPPED = {
    handlers.SubmissionFilesHandler,
    web.StaticFileHandler,
    # lifecycle: queued in the grading service instead of being run inside a request (lifecycle.py)
    apihandlers.AssignHandler, apihandlers.ReleaseHandler, apihandlers.UnReleaseHandler, apihandlers.CollectHandler,
    apihandlers.AutogradeHandler, apihandlers.GenerateAllFeedbackHandler, apihandlers.ReleaseAllFeedbackHandler,
    apihandlers.GenerateFeedbackHandler, apihandlers.ReleaseFeedbackHandler,
}  # fmt: skip


def gateway_routes() -> list[tuple]:
    """Return nbgrader's routes behind the gateway, without those that we serve otherwise."""
    routes = []
    for route in [*handlers.default_handlers, *apihandlers.default_handlers]:
        pattern, handler = route[0], route[1]
        if handler not in DROPPED:
            routes.append((pattern, OWN.get(handler.__name__) or behind_the_gateway(handler)))
    return routes
