"""The grading service, asked to collect and grade a module, or to follow a change of its schedule."""

from typing import Any

import httpx

from exchange.hub.asking import ServiceClient
from tito.errors import TitoError


class GradingUnreachable(TitoError, ConnectionError):
    """Nobody answered; trying again later may help."""


class Grading:
    """The grading service at `url`, asked with a service's token."""

    def __init__(self, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        self._service = ServiceClient(
            "the grading service", url, token, refused=TitoError, silent=GradingUnreachable, transport=transport
        )

    def close(self) -> None:
        self._service.close()

    def collect_and_autograde(self, module: str, by: str) -> str:
        """Queue a collection of `module` and the grading of what it brings; return what was queued."""
        collected = self._queue("collect", module, by)
        graded = self._queue("autograde", module, by)
        return f"queued as {collected} and {graded}"

    def follow_schedule(self, module: str, by: str) -> str:
        """Queue the update of the grades of `module`, and of the scores that students see, to the present schedule."""
        return f"queued as {self._queue('lateness', module, by)}"

    def freeze_state(self) -> dict[str, Any]:
        """Return whether the gradebook is frozen, and what a freeze would affect."""
        return self._service.ask("GET", "/api/v1/freeze")

    def freeze(self, since: str, by: str, leave_undone: bool) -> dict[str, Any]:
        """Freeze the gradebook; raise TitoError naming what is unfinished, unless it may be left undone."""
        body = {"since": since, "by": by, "leave_undone": leave_undone}
        return self._service.ask("PUT", "/api/v1/freeze", json=body)

    def unfreeze(self) -> None:
        """Let the gradebook be changed again."""
        self._service.ask("DELETE", "/api/v1/freeze")

    def delete_content(self, yes: bool) -> dict[str, Any]:
        """Delete grading's data of a frozen course; without `yes`, return how much that is."""
        params = {"yes": "true" if yes else "false"}
        return self._service.ask("DELETE", "/api/v1/freeze/content", params=params)

    def _queue(self, kind: str, module: str, by: str) -> str:
        job = self._service.ask("POST", "/api/v1/jobs", acting_for=by, json={"kind": kind, "assignment": module})
        return f"{kind} {job['id']}"
