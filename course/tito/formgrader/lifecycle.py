"""The instructors' buttons: each queues a job in the grading service, in the person's name, and answers with the job.

nbgrader's formgrader runs these inside the request, one at a time, with the page waiting. Here the page shows progress.
"""

import json
from typing import Any

from tornado import web
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient  # the other kind uses the environment's proxies

from exchange.hub.asking import reason_of
from tito.grading.kinds import find_kind, offered

from .base import PageHandler

TIMEOUT_SECONDS = 20.0


class AnswersUnread(Exception):
    """The grading service would release feedback with answers unread only if it is told to."""

    def __init__(self, message: str, waiting: dict[str, Any]):
        super().__init__(message)
        self.waiting = waiting


class GradingHandler(PageHandler):
    """Speaks to the grading service with the token of the person who is logged in: it decides what they may do."""

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
        """Queue a release; if answers wait to be read, answer how many, so that the page can ask."""
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
    return reason_of(_body(error)) or f"the grading service does not answer ({error}): try again in a moment"


class KindHandler(GradingHandler):
    """Queues one kind of work, for a module or for one of its students; the kind's line in the table says who may."""

    def initialize(self, kind: str, force: bool = False) -> None:
        self.kind, self.force = kind, force

    def needed_scope(self) -> str | None:
        kind = find_kind(self.kind)
        return kind.scope if kind and self.request.method == "POST" else None

    async def post(self, assignment: str, student: str = ""):
        body: dict[str, Any] = {"students": [student]} if student else {}
        if self.kind == "release_feedback":
            await self.release_feedback(assignment, **body)
        else:
            await self.queue(self.kind, assignment, **body, **({"force": True} if self.force else {}))


class JobHandler(GradingHandler):
    async def get(self, job: str):
        self.write(await self.call_grading("GET", f"jobs/{job}"))


class RegradesHandler(GradingHandler):
    async def get(self):
        self.write({"regrades": await self.call_grading("GET", "regrades?open=true")})


def lifecycle_routes() -> list[tuple]:
    """Return an address for each kind of grading work that pages offer, where nbgrader has it."""
    routes: list[tuple] = []
    for kind, button in offered():
        routes.append((rf"/formgrader/api/assignment/([^/]+)/{kind.address}", KindHandler, {"kind": kind.name}))
        if kind.after:
            one = {"kind": kind.name, "force": button.again}
            routes.append((rf"/formgrader/api/assignment/([^/]+)/([^/]+)/{kind.address}", KindHandler, one))
    return [
        *routes,
        # nbgrader has a separate handler for this one.
        (r"/formgrader/api/submission/([^/]+)/([^/]+)/autograde", KindHandler, {"kind": "autograde", "force": True}),
        (r"/formgrader/api/jobs/([0-9a-f]+)", JobHandler),
        (r"/formgrader/api/regrades", RegradesHandler),
    ]
