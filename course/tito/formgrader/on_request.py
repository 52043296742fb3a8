"""A router that answers whether the service is alive, and builds the gateway when somebody asks for a page.

nbgrader's formgrader, nbconvert and the process that lays out what students wrote take a hundred megabytes and seconds
to start, and most of the time nobody grades. The first request waits for them, once in the life of the process.
"""

from collections.abc import Callable

from tornado import web
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import Router


class HealthHandler(web.RequestHandler):
    def get(self) -> None:
        self.write({"status": "ok"})


class OnRequest(Router):
    """Route below `prefix` to the application that `make` returns, made when somebody first asks for a page.

    `health` asks for none, and neither does the Hub, which asks for the front page at its start and every minute.
    """

    def __init__(self, prefix: str, make: Callable[[], web.Application]) -> None:
        self.make = make
        self.gateway: web.Application | None = None
        self.front_door = f"{prefix.rstrip('/')}/"
        self.health_path = f"{self.front_door}health"
        self.health = web.Application([(self.health_path, HealthHandler), (self.front_door, HealthHandler)])

    def find_handler(self, request: HTTPServerRequest, **_) -> HTTPMessageDelegate | None:
        """Return who answers this request."""
        if request.path == self.health_path or (self.gateway is None and self._is_knock(request)):
            return self.health.find_handler(request)
        if self.gateway is None:
            self.gateway = self.make()
        return self.gateway.find_handler(request)

    def _is_knock(self, request: HTTPServerRequest) -> bool:
        """Tell whether a program only asks if the service is alive: no browser, and nobody who is logged in."""
        known = "Cookie" in request.headers or "Authorization" in request.headers
        return request.path == self.front_door and not known and "text/html" not in request.headers.get("Accept", "")
