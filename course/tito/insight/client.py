"""Ask for the course's numbers from a terminal: the grading service, with GRADING_URL and a token of staff."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from exchange.client.token import NEEDED, hub_token
from exchange.hub.asking import ServiceClient
from tito.errors import TitoError


class InsightClient:
    """The grading service's insight, seen with one token."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        url, token = environ.get("GRADING_URL", "").rstrip("/"), hub_token(environ, "TITO_TOKEN")
        if not url or not token:
            missing = "GRADING_URL" if not url else NEEDED
            remedy = "run it as `python -m hub_config run -- tito insight ...` on the Hub's machine, or set both"
            raise TitoError(f"insight is asked of the grading service, and {missing} is not set: {remedy}")
        self._service = ServiceClient(
            "the grading service", f"{url}/api/v1", token, timeout_seconds=60, refused=TitoError, silent=TitoError
        )

    def semester(self) -> dict[str, Any]:
        """Return all modules, who is stuck, suspect checks."""
        return self._service.ask("GET", "/insight")

    def module(self, slug: str) -> dict[str, Any]:
        """Return one module's numbers, by exercise and check."""
        return self._service.ask("GET", f"/insight/modules/{quote(slug, safe='')}")

    def similar(self, slug: str) -> dict[str, Any]:
        """Return the pairs of similar answers of a module's newest comparison."""
        return self._service.ask("GET", f"/insight/similar/{quote(slug, safe='')}")

    def compare(self, slug: str) -> None:
        """Let the service compare a module's answers anew."""
        self._service.ask("POST", "/jobs", json={"kind": "compare", "assignment": slug})

    def students(self, slug: str, number: str, exercise: str = "", check: str = "") -> dict[str, Any]:
        """Return who stands behind a number."""
        params = {"number": number, "exercise": exercise, "check": check}
        return self._service.ask("GET", f"/insight/modules/{quote(slug, safe='')}/students", params=params)
