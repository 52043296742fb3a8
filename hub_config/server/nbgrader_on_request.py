"""A server extension that stands in for nbgrader's until one of their addresses is requested, and then loads them.

Assignment List and Validate, with what keeps a gradebook, cost a server 40 MB, and most servers start without anybody
using them. Answers and access stay nbgrader's own: the first request waits and is then routed like all later ones.
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
    rules.insert(-1, OnRequest(serverapp).rule)  # the last rule answers "not found"


class OnRequest(Router):
    """Take the extensions' place among the server's rules until they are loaded."""

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
