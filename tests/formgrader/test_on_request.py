"""The gateway needs a hundred megabytes, so it is built for people's requests, not for the Hub's health checks."""

import pytest
from tito.formgrader.on_request import OnRequest
from tornado import web
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPServerRequest, RequestStartLine

PREFIX = "/services/formgrader/"


class Page(web.RequestHandler):
    """The gateway's page."""


def made(path: str, **headers: str) -> bool:
    """Tell whether this first request builds the gateway."""
    router = OnRequest(PREFIX, lambda: web.Application([(".*", Page)]))
    line = RequestStartLine("GET", path, "HTTP/1.1")
    request = HTTPServerRequest(
        start_line=line, headers=HTTPHeaders({"Host": "hub"} | headers), connection=Connection()
    )
    assert router.find_handler(request) is not None
    return router.gateway is not None


class Connection(HTTPConnection):
    """The connection of a request that is never answered."""

    def set_close_callback(self, callback) -> None:
        """Ignore the callback: the connection is never closed."""


@pytest.mark.parametrize("path", [PREFIX, f"{PREFIX}health"])
def test_who_asks_whether_it_lives_builds_nothing(path: str):
    assert not made(path, Accept="*/*")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (PREFIX, {"Accept": "text/html,application/xhtml+xml"}),
        (PREFIX, {"Accept": "*/*", "Cookie": "jupyterhub-session-id=1"}),
        (PREFIX, {"Authorization": "token 1"}),
        (f"{PREFIX}formgrader/api/assignments", {"Accept": "*/*"}),
    ],
)
def test_who_asks_for_a_page_gets_it(path: str, headers: dict[str, str]):
    assert made(path, **headers)
