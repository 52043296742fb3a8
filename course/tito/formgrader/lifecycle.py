"""The instructors' buttons: each queues a job in the grading service, in the person's name, and answers with the job.

nbgrader's formgrader runs these inside the request, one at a time, with the page waiting. Here the page shows progress.
"""

import json
from typing import Any

from tornado import web
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient  # the other kind asks proxies of the environment

from .base import PageHandler

TIMEOUT_SECONDS = 20.0


class AnswersUnread(Exception):
    """The grading service would release feedback with answers unread only if it is told to."""

    def __init__(self, message: str, waiting: dict[str, Any]):
        super().__init__(message)
        self.waiting = waiting


class GradingHandler(PageHandler):
    """Speaks to the grading service with the token of the person who is logged in: it decides what she may."""

    writes_gradebook = False

    async def call_grading(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        request = HTTPRequest(
            f"{self.settings['gateway_grading_url']}/api/v1/{path}",
            method=method,
            headers={
                "Authorization": f"token {self.hub_auth.get_token(self)}",
                "Content-Type": "application/json",
            },
            body=None if body is None else json.dumps(body),
            request_timeout=TIMEOUT_SECONDS,
        )
        try:
            answer = await SimpleAsyncHTTPClient().fetch(request)
        except HTTPClientError as error:
            if error.code == 409 and (waiting := _body(error).get("unread")):
                raise AnswersUnread(_reason(error), waiting) from error
            raise web.HTTPError(error.code if 400 <= error.code < 500 else 503, _reason(error)) from error
        except OSError as error:
            raise web.HTTPError(503, "the grading service does not answer: try again in a moment") from error
        return json.loads(answer.body)

    async def release_feedback(self, assignment: str, **body: Any) -> None:
        """Queue a release; where answers wait to be read, answer how many, for the page to ask."""
        try:
            await self.queue("release_feedback", assignment, unread=self.get_argument("unread", "") == "yes", **body)
        except AnswersUnread as unread:
            self.set_status(409)
            self.write({"error": str(unread), "unread": unread.waiting})

    async def queue(self, kind: str, assignment: str, **body: Any) -> None:
        job = await self.call_grading("POST", "jobs", {"kind": kind, "assignment": assignment, **body})
        self.write({"success": True, "job": job["id"], "total": job["total"], "log": ""})


def _body(error: HTTPClientError) -> dict[str, Any]:
    try:
        body = json.loads(error.response.body)  # type: ignore[union-attr]
    except (AttributeError, TypeError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}


def _reason(error: HTTPClientError) -> str:
    try:
        return str(_body(error)["detail"])
    except KeyError:
        return f"the grading service does not answer ({error}): try again in a moment"


class AssignHandler(GradingHandler):
    async def post(self, assignment: str):
        await self.queue("generate", assignment)


class ReleaseHandler(GradingHandler):
    async def post(self, assignment: str):
        await self.queue("release", assignment)


class CollectHandler(GradingHandler):
    async def post(self, assignment: str):
        await self.queue("collect", assignment)


class AutogradeAllHandler(GradingHandler):
    async def post(self, assignment: str):
        await self.queue("autograde", assignment)


class AutogradeHandler(GradingHandler):
    async def post(self, assignment: str, student: str):
        await self.queue("autograde", assignment, students=[student], force=True)


class GenerateAllFeedbackHandler(GradingHandler):
    async def post(self, assignment: str):
        await self.queue("feedback", assignment)


class GenerateFeedbackHandler(GradingHandler):
    async def post(self, assignment: str, student: str):
        await self.queue("feedback", assignment, students=[student])


class ReleaseAllFeedbackHandler(GradingHandler):
    async def post(self, assignment: str):
        await self.release_feedback(assignment)


class ReleaseFeedbackHandler(GradingHandler):
    async def post(self, assignment: str, student: str):
        await self.release_feedback(assignment, students=[student])


class JobHandler(GradingHandler):
    async def get(self, job: str):
        self.write(await self.call_grading("GET", f"jobs/{job}"))


class RegradesHandler(GradingHandler):
    async def get(self):
        self.write({"regrades": await self.call_grading("GET", "regrades?open=true")})


LIFECYCLE_ROUTES = [
    (r"/formgrader/api/assignment/([^/]+)/assign", AssignHandler),
    (r"/formgrader/api/assignment/([^/]+)/release", ReleaseHandler),
    (r"/formgrader/api/assignment/([^/]+)/collect", CollectHandler),
    (r"/formgrader/api/assignment/([^/]+)/autograde", AutogradeAllHandler),
    (r"/formgrader/api/assignment/([^/]+)/generate_feedback", GenerateAllFeedbackHandler),
    (r"/formgrader/api/assignment/([^/]+)/release_feedback", ReleaseAllFeedbackHandler),
    (r"/formgrader/api/assignment/([^/]+)/([^/]+)/generate_feedback", GenerateFeedbackHandler),
    (r"/formgrader/api/assignment/([^/]+)/([^/]+)/release_feedback", ReleaseFeedbackHandler),
    (r"/formgrader/api/submission/([^/]+)/([^/]+)/autograde", AutogradeHandler),
    (r"/formgrader/api/jobs/([0-9a-f]+)", JobHandler),
    (r"/formgrader/api/regrades", RegradesHandler),
]
