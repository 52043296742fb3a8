"""A router that answers whether the service lives, and builds the gateway when somebody asks for a page.

nbgrader's formgrader, nbconvert and the process that lays out what students wrote are a hundred megabytes and seconds
of a start, and most hours nobody grades. The first request waits for them, once in the life of the process.
"""

from collections.abc import Callable

from tornado import web
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import Router


class HealthHandler(web.RequestHandler):
    def get(self) -> None:
        self.write({"status": "ok"})


class OnRequest(Router):
    """Route all but `health` below `prefix` to the application that `make` returns, made when it is first needed."""

    def __init__(self, prefix: str, make: Callable[[], web.Application]) -> None:
        self.make = make
        self.gateway: web.Application | None = None
        self.health_path = f"{prefix.rstrip('/')}/health"
        self.health = web.Application([(self.health_path, HealthHandler)])

    def find_handler(self, request: HTTPServerRequest, **_) -> HTTPMessageDelegate | None:
        """Return who answers this request."""
        if request.path == self.health_path:
            return self.health.find_handler(request)
        if self.gateway is None:
            self.gateway = self.make()
        return self.gateway.find_handler(request)
