"""What an operator sees of a service: how many requests it got, how long they took, whether it is ready.

`watch(app, ...)` gives an application PREFIX/metrics (for tokens with the Hub's scope `read:metrics`), PREFIX/ready
(for everybody: only names of checks) and the number of each request. PREFIX/health shows that the process answers.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exchange.hub.identity import Caller
from exchange.hub.refusals import answer
from exchange.protocol.models import Refused
from exchange.protocol.request_id import REQUEST_ID_HEADER, begin_request

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
FAILURES = (Refused, OSError)  # what a failing check raises; anything else is a bug in the check
log = logging.getLogger("requests")
Check = Callable[[], object]


class Metrics:
    """One registry per application, so that tests and a second service in a process do not share counts."""

    def __init__(self, service: str) -> None:
        self.service, self.registry = service, CollectorRegistry()
        self.requests = self.counter("requests", "Answered requests", ["method", "route", "status"])
        self.seconds = Histogram(
            f"{service}_request_seconds", "Time to answer", ["route"], buckets=SECONDS, registry=self.registry
        )

    def counter(self, name: str, what: str, labels: list[str] | None = None) -> Counter:
        return Counter(f"{self.service}_{name}", what, labels or [], registry=self.registry)

    def gauge(self, name: str, what: str, read: Callable[[], float] | None = None) -> Gauge:
        """Make a gauge; `read` gives its value whenever the metrics are read."""
        gauge = Gauge(f"{self.service}_{name}", what, registry=self.registry)
        if read is not None:
            gauge.set_function(read)
        return gauge

    def text(self) -> bytes:
        """Write all metrics in Prometheus' text format."""
        return generate_latest(self.registry)


def watch(
    app: FastAPI,
    metrics: Metrics,
    prefix: str,
    caller: Callable[[Request], Awaitable[Caller]],
    checks: Mapping[str, Check],
) -> None:
    """Add metrics and readiness to an application; `caller` finds a token's owner, a check raises what is wrong."""
    base = prefix.rstrip("/")

    async def get_metrics(request: Request) -> Response:
        try:
            who = await caller(request)
            if "read:metrics" not in who.scopes:
                remedy = "use the token of the service `metrics`"
                raise Refused("the token lacks the scope read:metrics", who.name, remedy, 403)
        except Refused as refused:
            return answer(refused)
        return Response(await run_in_threadpool(metrics.text), media_type=CONTENT_TYPE_LATEST)

    app.add_api_route(f"{base}/metrics", get_metrics, response_class=Response, include_in_schema=False)
    add_ready(app, prefix, checks)
    app.add_middleware(Watch, metrics=metrics)


def add_ready(app: FastAPI, prefix: str, checks: Mapping[str, Check]) -> None:
    """Give an application PREFIX/ready: 200 if all checks pass, else 503; open to everybody, so without reasons."""

    async def get_ready() -> JSONResponse:
        said = {name: await _outcome(name, check) for name, check in checks.items()}
        ready = all(word == "ok" for word in said.values())
        return JSONResponse({"ready": ready, "checks": said}, 200 if ready else 503)

    app.add_api_route(f"{prefix.rstrip('/')}/ready", get_ready, include_in_schema=False)


async def _outcome(name: str, check: Check) -> str:
    try:
        await run_in_threadpool(check)
    except FAILURES as error:
        log.warning("not ready: %s: %s", name, error.__cause__ or error)
        return "failed"
    return "ok"


class Watch:
    """Give a request its number, count it and time it by route, never by path: paths name people."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = begin_request(Headers(scope=scope).get(REQUEST_ID_HEADER, ""))
        begin, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = number
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            self._count(scope, status, time.perf_counter() - begin)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        self.metrics.requests.labels(scope["method"], route, str(status)).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        if status >= 500:
            log.error("%s %s was answered with %d", scope["method"], route, status)
