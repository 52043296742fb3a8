"""The way from one answer to the next, and who has which open, as the grading service keeps it."""

from urllib.parse import urlencode

from nbgrader.api import MissingEntry, SubmittedNotebook
from tornado import web

from .by_hand import read_body
from .lifecycle import GradingHandler

WHICH = ("question", "section")


class NextToReadHandler(GradingHandler):
    """Takes the next answer in the person's share, or in nobody's, and goes to its page."""

    async def get(self, assignment: str):
        which = {name: self.get_argument(name, "") for name in (*WHICH, "after")}
        found = await self.call_grading("POST", f"reading/{assignment}/next", which)
        if not found["page"]:
            self.write(self.render("gateway_all_read.tpl", assignment=assignment, which=which))
            return
        kept = {name: which[name] for name in WHICH if which[name]}
        query = f"?{urlencode(kept)}" if kept else ""
        self.redirect(f"{self.base_url}/formgrader/submissions/{found['page']}/{query}#{found['question']}")


class OpenAnswerHandler(GradingHandler):
    """A page that shows a submission reports its answers as open, again and again while it is there, and its end."""

    async def put(self, submission_id: str):
        await self._tell(submission_id, "PUT", "open", questions=read_body(self).get("questions", []))

    async def delete(self, submission_id: str):
        await self._tell(submission_id, "POST", "close")

    async def _tell(self, submission_id: str, method: str, verb: str, **more: object) -> None:
        submission = self._submission(submission_id)
        assignment, student = submission.assignment.assignment.name, submission.assignment.student.id
        self.write(await self.call_grading(method, f"reading/{assignment}/{verb}", {"student": student, **more}))

    def _submission(self, submission_id: str) -> SubmittedNotebook:
        try:
            return self.gradebook.find_submission_notebook_by_id(submission_id)
        except MissingEntry as error:
            raise web.HTTPError(404, "there is no such submission") from error
