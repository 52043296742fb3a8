"""What every page and call of the gateway has in common: login through the Hub, rights, headers, one gradebook
per request.

`GatewayMixin` comes before nbgrader's handlers, which expect a whole Jupyter server around them, and gives them
the few things that they use. No part of a Jupyter server is there.
"""

import asyncio
import json
import logging
import re
import secrets
import time
from typing import Any

from jupyterhub.services.auth import HubOAuth, HubOAuthenticated, UserNotAllowed
from nbgrader.api import Gradebook
from tornado import web

from tito.gradebook.frozen import CourseFrozen
from tito.gradebook.grade_changes import record_changes
from tito.gradebook.lock import GradebookLock
from tito.grading.kinds import buttons

from .access import needed_scope, refusal
from .course_view import CourseView
from .pages import content_security_policy

log = logging.getLogger("formgrader")
NAME = re.compile(
    r"[\w.@+ -]{1,128}", re.ASCII
)  # ids of assignments, notebooks, students, submissions: nothing that HTML or JS reads
LOCK_POLL_SECONDS = 0.02
LOCK_WAIT_SECONDS = 60.0


def _acquired(lock: GradebookLock) -> bool:
    try:
        return lock.try_acquire()
    except CourseFrozen as error:
        raise web.HTTPError(409, str(error)) from error


class GatewayMixin(HubOAuthenticated):
    """The first base class of every handler."""

    path_args: list[str]
    path_kwargs: dict[str, str]
    settings: dict[str, Any]
    _gradebook: Gradebook | None = None
    _lock: GradebookLock | None = None

    # who

    @property
    def hub_auth(self) -> HubOAuth:
        return self.settings["hub_auth"]

    @property
    def person(self) -> str:
        return self.current_user["name"]

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.current_user["scopes"])

    def has(self, scope: str) -> bool:
        return scope in self.scopes

    def get_current_user(self):
        return getattr(self, "_person", None)

    async def prepare(self) -> None:
        """Identify the person, check their rights, check the address, and take the gradebook's lock before a change."""
        await self._identify()
        if self._finished:
            return
        self._check_rights()
        self._check_names()
        if self.writes_gradebook and self.request.method not in ("GET", "HEAD"):
            await self._take_lock()

    async def _identify(self) -> None:
        model = await self.hub_auth.get_user(self, sync=False)
        if model:
            try:
                self._person = self.check_hub_user(model)
                return
            except UserNotAllowed as error:
                raise web.HTTPError(403, "the formgrader is for TAs and instructors of the course") from error
        wants_page = self.request.method == "GET" and "/api/" not in self.request.path
        if not wants_page:
            raise web.HTTPError(403, "log in first: open the formgrader's page in this browser")
        self.redirect(self.get_login_url())

    def _check_rights(self) -> None:
        name, method = self.rights_name(), self.request.method
        scope = self.needed_scope()
        if scope is None or not self.has(scope):
            raise web.HTTPError(403 if scope else 405, refusal(name, method, scope, self.person))

    def needed_scope(self) -> str | None:
        return needed_scope(self.rights_name(), str(self.request.method))

    @classmethod
    def rights_name(cls) -> str:
        return cls.__name__

    def _check_names(self) -> None:
        for value in [*self.path_args, *self.path_kwargs.values()]:
            if value is not None and not self.free_path and not NAME.fullmatch(value):
                raise web.HTTPError(404, "there is nothing with that name here")

    free_path = False  # True for handlers whose last argument is a path that they check themselves
    writes_gradebook = True

    async def _take_lock(self) -> None:
        lock = GradebookLock(self.course.course_dir)
        deadline = time.monotonic() + LOCK_WAIT_SECONDS
        while not _acquired(lock):
            if time.monotonic() > deadline:
                raise web.HTTPError(503, "grading has held the gradebook for a minute: try again")
            await asyncio.sleep(LOCK_POLL_SECONDS)
        self._lock = lock

    def on_finish(self) -> None:
        if self._gradebook is not None:
            self._gradebook.close()
        if self._lock is not None:
            self._lock.release()

    # what nbgrader's handlers ask for

    @property
    def log(self):
        return log

    @property
    def base_url(self) -> str:
        return self.settings["gateway_base_url"]

    @property
    def course(self) -> CourseView:
        return self.settings["gateway_course"]

    @property
    def coursedir(self):
        return self.course.coursedir

    @property
    def api(self):
        return self.course.api()

    @property
    def url_prefix(self) -> str:
        return ""

    @property
    def mathjax_url(self) -> str:
        return ""

    @property
    def gradebook(self) -> Gradebook:
        if self._gradebook is None:
            self._gradebook = Gradebook(self.course.db_url, self.course.course_id)
            record_changes(self._gradebook, self.person)
        return self._gradebook

    # what comes out

    @property
    def csp_nonce(self) -> str:
        if not hasattr(self, "_nonce"):
            self._nonce = secrets.token_urlsafe(18)
        return self._nonce

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", content_security_policy(self.csp_nonce))
        for name, value in {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
        }.items():
            self.set_header(name, value)

    def page_facts(self) -> dict[str, Any]:
        """What gateway.js reads from the page's body element."""
        rights = "instructor" if self.has("custom:grading:run") else "ta"
        xsrf = self.xsrf_token
        return {
            "person": self.person,
            "rights": rights,
            "xsrf": xsrf.decode() if isinstance(xsrf, bytes) else xsrf,
            "base_url": self.base_url,
            "course": self.course.course_id,
            "buttons": json.dumps(buttons()),
        }

    def render(self, name: str, **values: Any) -> str:  # nbgrader's handlers write what it returns
        values.setdefault("base_url", self.base_url)
        page = self.page_facts() if self.current_user else None
        template = self.settings["gateway_templates"].get_template(name)
        return template.render(csp_nonce=self.csp_nonce, page=page, **values)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None, None))[1]
        reason = (getattr(error, "log_message", None) or "").strip() if status_code < 500 or status_code == 503 else ""
        if "/api/" in self.request.path:
            self.finish({"error": reason or self._reason})
            return
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.finish(self.render("gateway_error.tpl", status=status_code, message=reason or self._reason))


class PageHandler(GatewayMixin, web.RequestHandler):  # type: ignore[misc]  # our render returns text, as nbgrader wants
    """The base of the gateway's own handlers."""
