"""Get the course's numbers for the terminal: from the grading service, with GRADING_URL and a staff token; surveys come
from the semester service, at SEMESTER_URL.
"""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from exchange.client.token import NEEDED, hub_token
from exchange.hub.asking import ServiceClient
from tito.errors import TitoError


class InsightClient:
    """What the services know about the course, seen with one token."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._service = self._to("the grading service", "GRADING_URL")

    def close(self) -> None:
        """Close the connection to the grading service."""
        self._service.close()

    def _to(self, whom: str, address: str) -> ServiceClient:
        url, token = self._environ.get(address, "").rstrip("/"), hub_token(self._environ, "TITO_TOKEN")
        if not url or not token:
            missing = NEEDED if url else address
            remedy = "run it as `python -m hub_config run -- tito insight ...` on the Hub's machine, or set both"
            raise TitoError(f"insight needs {whom}, but {missing} is not set: {remedy}")
        return ServiceClient(whom, f"{url}/api/v1", token, timeout_seconds=60, refused=TitoError, silent=TitoError)

    def semester(self) -> dict[str, Any]:
        """Return all modules, who is stuck, suspect checks."""
        return self._service.ask("GET", "/insight")

    def module(self, slug: str) -> dict[str, Any]:
        """Return one module's numbers, by exercise and check."""
        return self._service.ask("GET", f"/insight/modules/{quote(slug, safe='')}")

    def surveys(self) -> list[dict[str, Any]]:
        """Return the semester's surveys with their distributions; TitoError if its service does not tell."""
        semester = self._to("the semester service", "SEMESTER_URL")
        try:
            found: list[dict[str, Any]] = semester.ask("GET", "/surveys")
        finally:
            semester.close()
        return found

    def similar(self, slug: str) -> dict[str, Any]:
        """Return the pairs of similar answers of a module's newest comparison."""
        return self._service.ask("GET", f"/insight/similar/{quote(slug, safe='')}")

    def compare(self, slug: str) -> None:
        """Let the service compare a module's answers again."""
        self._service.ask("POST", "/jobs", json={"kind": "compare", "assignment": slug})

    def forget_similar(self, before: str | None, student: str | None, yes: bool) -> dict[str, Any]:
        """Remove names that are left from comparing answers; without `yes`, only count them."""
        params = {"before": before, "student": student, "yes": "true" if yes else None}
        given = {name: value for name, value in params.items() if value is not None}
        return self._service.ask("DELETE", "/insight/similar", params=given)

    def students(self, slug: str, number: str, exercise: str = "", check: str = "") -> dict[str, Any]:
        """Return the students behind a number."""
        params = {"number": number, "exercise": exercise, "check": check}
        return self._service.ask("GET", f"/insight/modules/{quote(slug, safe='')}/students", params=params)
