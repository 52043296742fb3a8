"""The grading service, asked to collect and grade a module, or to follow a change of its schedule."""

import httpx

from exchange.client.direct import direct_client
from tito.errors import TitoError


class GradingUnreachable(TitoError, ConnectionError):
    """Nobody answered; trying again later may help."""


class Grading:
    """The grading service at `url`, asked with a service's token."""

    def __init__(self, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"token {token}"}
        base_url = url.rstrip("/")
        self._http = direct_client(url, base_url=base_url, headers=headers, timeout=60, transport=transport)

    def close(self) -> None:
        self._http.close()

    def collect_and_autograde(self, module: str, by: str) -> str:
        """Queue a collection of `module` and the grading of what it brings; return what was queued."""
        collected = self._queue("collect", module, by)
        graded = self._queue("autograde", module, by)
        return f"queued as {collected} and {graded}"

    def follow_schedule(self, module: str, by: str) -> str:
        """Queue what brings the grades of `module`, and the scores that students were told, to the present schedule."""
        return f"queued as {self._queue('lateness', module, by)}"

    def _queue(self, kind: str, module: str, by: str) -> str:
        body = {"kind": kind, "assignment": module}
        try:
            answer = self._http.post("/api/v1/jobs", json=body, headers={"Grading-Actor": by})
        except httpx.HTTPError as error:
            message = f"the grading service at {self._http.base_url} does not answer ({error}): start it"
            raise GradingUnreachable(message) from None
        if answer.is_error:
            raise TitoError(f"the grading service refused to {kind} {module}: {answer.status_code} {answer.text[:300]}")
        return f"{kind} {answer.json()['id']}"
