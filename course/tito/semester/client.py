"""Ask the semester service from a terminal.

The address is SEMESTER_URL; the token COURSE_TOKEN or JUPYTERHUB_API_TOKEN, with the scope custom:semester:manage
(plan, apply) or custom:semester:read (status). The token of a notebook server has neither.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from exchange.client.token import NEEDED, hub_token
from exchange.hub.asking import ServiceClient, reason_in
from tito.errors import TitoError
from tito.semester.problems import Problem, SemesterError
from tito.semester.read import Sources

TIMEOUT_SECONDS = 120.0  # a plan asks Hub, exchange and gradebook
POLL_SECONDS = 0.3


class SemesterClient:
    """A client of the semester service, with one token."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        url = environ.get("SEMESTER_URL", "").rstrip("/")
        token = hub_token(environ, "TITO_TOKEN")
        if not url or not token:
            missing = "SEMESTER_URL" if not url else NEEDED
            remedy = "run it as `python -m hub_config run -- tito semester ...` on the Hub's machine, or set both"
            raise TitoError(f"the semester service needs an address and a token, and {missing} is not set: {remedy}")
        self._service = _Client(
            "the semester service", f"{url}/api/v1", token, timeout_seconds=TIMEOUT_SECONDS,
            refused=TitoError, silent=TitoError,
        )  # fmt: skip

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def plan(self, sources: Sources | None) -> dict[str, Any]:
        """Return the changes that applying would make."""
        return self._service.ask("POST", "/plan", json=_body(sources))

    def apply(
        self, sources: Sources | None, progress: Callable[[dict[str, Any]], object], yes: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Put a semester in force, with the losses in `yes` confirmed; `progress` is called with the run while
        it is under way.
        """
        run = self._service.ask("POST", "/apply", json={**_body(sources), "yes": list(yes)})
        while not run["finished"]:
            progress(run)
            time.sleep(POLL_SECONDS)  # the service has no long poll: an apply takes seconds, once a week
            run = self._service.ask("GET", "/apply")
        progress(run)
        return run

    def status(self) -> dict[str, Any]:
        """Return what is in force, the schedule and the last apply."""
        return self._service.ask("GET", "/status")

    def texts(self) -> dict[str, str]:
        """Return the course, and the texts of the semester and the roster in force."""
        return self._service.ask("GET", "/texts")

    def freeze_plan(self) -> dict[str, Any]:
        """Return whether the course is frozen, and what a freeze would affect."""
        return self._service.ask("GET", "/freeze")

    def freeze(self, leave_undone: bool) -> dict[str, Any]:
        """Freeze the course; return since when, and what was left undone."""
        return self._service.ask("PUT", "/freeze", json={"leave_undone": leave_undone})

    def unfreeze(self) -> None:
        """Unfreeze a frozen course."""
        self._service.ask("DELETE", "/freeze")

    def delete_plan(self, course: str) -> dict[str, Any]:
        """Return what deleting a course would remove, and what it would keep."""
        return self._service.ask("GET", f"/delete/{quote(course, safe='')}")

    def delete(self, course: str, why: str, early: bool) -> dict[str, Any]:
        """Delete a frozen course."""
        return self._service.ask("POST", f"/delete/{quote(course, safe='')}", json={"why": why, "early": early})

    def points(self) -> list[dict[str, Any]]:
        """Return the columns of points that were given elsewhere."""
        return self._service.ask("GET", "/points")

    def ask_points(self, name: str, what: str, body: dict[str, Any]) -> dict[str, Any]:
        """Plan or apply a list of points, or take a column back."""
        return self._service.ask("POST", f"/points/{quote(name, safe='')}/{what}", json=body)

    def surveys(self) -> list[dict[str, Any]]:
        """Return the semester's surveys with their distributions."""
        return self._service.ask("GET", "/surveys")


def _body(sources: Sources | None) -> dict[str, str]:
    if sources is None:
        return {}
    return {
        "semester": sources.semester,
        "roster": sources.roster,
        "semester_name": sources.semester_name,
        "roster_name": sources.roster_name,
    }


class _Client(ServiceClient):
    """Reads the problems of a semester file one by one."""

    def refusal(self, method: str, path: str, answer: httpx.Response) -> Exception:
        try:
            problems = answer.json().get("problems")
        except (ValueError, AttributeError):
            return super().refusal(method, path, answer)
        return SemesterError(Problem(**each) for each in problems) if problems else TitoError(reason_in(answer))
