"""Put the gateway together: routes, templates, login, and nothing that reads a configuration file."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

from jupyterhub.services.auth import HubOAuth, HubOAuthCallbackHandler
from jupyterhub.utils import url_path_join
from tornado import web

from . import comments_with_points, handlers, reading
from .course_view import CourseView
from .lifecycle import lifecycle_routes
from .pages import NBGRADER_STATIC, OWN_STATIC, page_environment
from .submission_page import SubmissionPages

RELEASED_CACHE_SECONDS = 10.0


class OAuthCallbackHandler(HubOAuthCallbackHandler):
    """Completes the login, with the same record of its beginning as the pages that sent the person there."""

    @property
    def hub_auth(self) -> HubOAuth:
        return self.settings["hub_auth"]

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", "default-src 'none'")
        self.set_header("Referrer-Policy", "same-origin")


def make_application(
    course_dir: Path,
    course_id: str,
    hub_auth: HubOAuth,
    grading_url: str,
    released: Callable[[], set[str]] = set,
) -> web.Application:
    """Return the gateway for one course, below the service's prefix."""
    prefix = hub_auth.base_url  # /services/formgrader/
    settings = {
        "hub_auth": hub_auth,
        "gateway_base_url": prefix.rstrip("/"),
        "gateway_course": CourseView(course_dir, course_id, _cached(released)),
        "gateway_grading_url": grading_url.rstrip("/"),
        "gateway_templates": page_environment(),
        "gateway_pages": SubmissionPages(),
        # The same after a restart, so that nobody who is grading is logged out; it never leaves this process.
        "cookie_secret": hashlib.sha256(b"formgrader cookies " + hub_auth.api_token.encode()).digest(),
        "xsrf_cookies": True,
        "nbgrader_bad_setup": False,
        "default_handler_class": handlers.NotFoundHandler,
    }
    return web.Application(_routes(prefix), **settings)


def _routes(prefix: str) -> list[tuple]:
    own = [
        (r"/?", handlers.FormgraderHandler),
        (r"/formgrader/audit/?", handlers.AuditPageHandler),
        (r"/formgrader/api/audit", handlers.AuditHandler),
        (r"/formgrader/api/who", handlers.WhoHandler),
        (r"/formgrader/api/guidance/([^/]+)", handlers.GuidanceHandler),
        (r"/formgrader/api/comment_bank/([^/]+)/([^/]+)/([^/]+)", handlers.CommentBankHandler),
        (r"/formgrader/api/shared_comments/([^/]+)", comments_with_points.SharedCommentsHandler),
        (r"/formgrader/api/shared_comments/([^/]+)/([^/]+)", comments_with_points.UseCommentHandler),
        (r"/formgrader/comments/([^/]+)", comments_with_points.CommentsPageHandler),
        (r"/formgrader/api/reading/([^/]+)", reading.OpenAnswerHandler),
        (r"/formgrader/reading/([^/]+)/next", reading.NextToReadHandler),
        (r"/formgrader/static/(.*)", web.StaticFileHandler, {"path": str(NBGRADER_STATIC)}),
        (r"/formgrader/gateway/(.*)", web.StaticFileHandler, {"path": str(OWN_STATIC)}),
        *lifecycle_routes(),
        *handlers.gateway_routes(),
        (r"/formgrader/submissions/([^/]+)/(.+)", handlers.SubmissionFilesHandler),
    ]
    below = [(url_path_join(prefix, pattern), *rest) for pattern, *rest in own]
    return [
        (url_path_join(prefix, "oauth_callback"), OAuthCallbackHandler),
        *below,
    ]


def _cached(ask: Callable[[], set[str]]) -> Callable[[], set[str]]:
    """Ask the exchange at most every few seconds: a page asks once per row."""
    last: tuple[float, set[str]] = (float("-inf"), set())

    def released() -> set[str]:
        nonlocal last
        if time.monotonic() - last[0] > RELEASED_CACHE_SECONDS:
            last = (time.monotonic(), ask())
        return last[1]

    return released
