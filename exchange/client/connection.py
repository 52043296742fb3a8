"""Requests that survive a restart of the service, and answers that are refusals."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx

from exchange.client.direct import direct_client
from exchange.protocol import ACTOR_HEADER, API_VERSION
from exchange.protocol.models import Refused

# Answers that mean "not now": a proxy without its service, a service without its Hub.
PASSING = frozenset({408, 502, 503, 504})
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 8.0
# Errors that occur before anything was sent.
NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Unreachable(Refused):
    """The exchange did not answer in the time that we were willing to wait; `sent` tells whether a request may have
    arrived.
    """

    def __init__(self, value: str, sent: bool) -> None:
        super().__init__("the exchange did not answer", value, "try again in a few minutes", status=0)
        self.sent = sent


class Connection:
    """HTTP with a token, patience, and refusals as exceptions."""

    def __init__(self, url: str, token: str, acting_for: str = "", patience_seconds: float = 30.0) -> None:
        self.base = f"{url.rstrip('/')}/api/{API_VERSION}/"
        self.patience_seconds = patience_seconds
        headers = {"Authorization": f"token {token}"} | ({ACTOR_HEADER: acting_for} if acting_for else {})
        self._http = direct_client(url, headers=headers, timeout=httpx.Timeout(60.0, connect=5.0))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, method: str, *path: str, **options: Any) -> Any:
        """Send JSON, return JSON (None for an empty answer)."""
        answer = self.send(method, *path, **options)
        try:
            return answer.json() if answer.content else None
        except ValueError as error:  # the network's login page, for instance
            raise _foreign(answer) from error

    def send(
        self, method: str, *path: str, body: Callable[[], Iterator[bytes]] | None = None, **options: Any
    ) -> httpx.Response:
        """Send a request until it is answered or patience runs out; `body` makes the content again for each attempt."""

        def once() -> httpx.Response:
            return self._http.request(method, self._address(path), content=body() if body else None, **options)

        return self._patiently(once)

    @contextmanager
    def stream(self, *path: str) -> Iterator[httpx.Response]:
        """Open a download; if it breaks off, the caller starts again."""
        request = self._http.build_request("GET", self._address(path))
        answer = self._patiently(lambda: self._http.send(request, stream=True))
        try:
            yield answer
        finally:
            answer.close()

    def _address(self, path: tuple[str, ...]) -> str:
        return self.base + "/".join(quote(part, safe="") for part in path)

    def _patiently(self, once: Callable[[], httpx.Response]) -> httpx.Response:
        give_up_at, pause, sent = time.monotonic() + self.patience_seconds, FIRST_PAUSE_SECONDS, False
        while True:
            try:
                answer = once()
                if answer.status_code not in PASSING:
                    return _checked(answer)
                answer.close()
                problem = f"status {answer.status_code}"
            except httpx.TransportError as error:
                sent = sent or not isinstance(error, NOTHING_SENT)
                problem = type(error).__name__
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            # Three hundred clients that lost the same server must not come back at the same moment.
            delay = pause * random.uniform(0.5, 1.0)
            if time.monotonic() + delay > give_up_at:
                raise Unreachable(f"{problem} from {self.base}", sent)
            time.sleep(delay)


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    answer.read()
    try:
        body = answer.json()
        refused = Refused(body["rule"], body["value"], body["remedy"], answer.status_code)
    except (ValueError, KeyError, TypeError):
        refused = _foreign(answer)
    raise refused


def _foreign(answer: httpx.Response) -> Refused:
    value = f"status {answer.status_code} from {answer.url.host}"
    return Refused("the response was unexpected", value, "check EXCHANGE_URL", answer.status_code)
