"""A server extension that answers for nbgrader's until one of its addresses is asked for, and loads them then.

Assignment List and Validate cost a server half a second and 40 MB, with what keeps a gradebook, and most servers start
without anybody asking for them. What they answer, and to whom, stays nbgrader's own: the first request waits and is
then routed as all later ones.
"""

import importlib
import re

from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import PathMatches, Router, Rule

EXTENSIONS = ("nbgrader.server_extensions.assignment_list", "nbgrader.server_extensions.validate_assignment")
ADDRESSES = "(assignments|assignments/(fetch|submit|fetch_feedback|validate)|courses|nbgrader_version)"


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(serverapp) -> None:
    rules = serverapp.web_app.default_router.rules
    rules.insert(-1, OnRequest(serverapp).rule)  # the last one answers that nothing is here


class OnRequest(Router):
    """Stand for the extensions among the server's rules; step aside once they are loaded."""

    def __init__(self, serverapp) -> None:
        self.serverapp = serverapp
        self.rule = Rule(PathMatches(re.escape(serverapp.base_url) + ADDRESSES), self)

    def find_handler(self, request: HTTPServerRequest, **_) -> HTTPMessageDelegate | None:
        """Load the extensions and let them answer."""
        web_app = self.serverapp.web_app
        for name in EXTENSIONS:
            importlib.import_module(name).load_jupyter_server_extension(self.serverapp)
        web_app.default_router.rules.remove(self.rule)
        return web_app.find_handler(request)
