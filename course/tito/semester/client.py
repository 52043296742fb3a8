"""Ask the semester service from a terminal.

The address is SEMESTER_URL; the token TITO_TOKEN or JUPYTERHUB_API_TOKEN, and it needs the scope custom:semester:manage
(plan, apply) or custom:semester:read (status). The token of a notebook server has neither.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import httpx

from exchange.client.direct import direct_client
from tito.errors import TitoError
from tito.semester.problems import Problem, SemesterError
from tito.semester.read import Sources

TIMEOUT_SECONDS = 120.0  # a plan asks Hub, exchange and gradebook
POLL_SECONDS = 0.3


class SemesterClient:
    """The semester service, seen with one token."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        url = environ.get("SEMESTER_URL", "").rstrip("/")
        token = environ.get("TITO_TOKEN") or environ.get("JUPYTERHUB_API_TOKEN", "")
        if not url or not token:
            missing = "SEMESTER_URL" if not url else "TITO_TOKEN or JUPYTERHUB_API_TOKEN"
            remedy = "run it as `python -m hub_config run -- tito semester ...` on the Hub's machine, or set both"
            raise TitoError(f"the semester service needs an address and a token, and {missing} is not set: {remedy}")
        headers = {"Authorization": f"token {token}"}
        self._http = direct_client(url, base_url=f"{url}/api/v1", headers=headers, timeout=TIMEOUT_SECONDS)

    def plan(self, sources: Sources | None) -> dict[str, Any]:
        """Return the changes that applying would make."""
        return self._ask("POST", "/plan", json=_body(sources))

    def apply(
        self, sources: Sources | None, progress: Callable[[dict[str, Any]], object], yes: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Put a semester in force, with a yes to the kinds of loss in `yes`; `progress` is called with the run while
        it is under way.
        """
        run = self._ask("POST", "/apply", json={**_body(sources), "yes": list(yes)})
        while not run["finished"]:
            progress(run)
            time.sleep(POLL_SECONDS)  # the service has no long poll: an apply takes seconds, once a week
            run = self._ask("GET", "/apply")
        progress(run)
        return run

    def status(self) -> dict[str, Any]:
        """Return what is in force, the schedule and the last apply."""
        return self._ask("GET", "/status")

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        try:
            answer = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise TitoError(
                f"the semester service at {self._http.base_url} does not answer ({error}): start it"
            ) from None
        if answer.is_error:
            _refuse(answer)
        return answer.json()


def _body(sources: Sources | None) -> dict[str, str]:
    if sources is None:
        return {}
    return {
        "semester": sources.semester,
        "roster": sources.roster,
        "semester_name": sources.semester_name,
        "roster_name": sources.roster_name,
    }


def _refuse(answer: httpx.Response) -> NoReturn:
    try:
        body = answer.json()
    except ValueError:
        raise TitoError(f"the semester service answered {answer.status_code}: {answer.text[:300]}") from None
    if "problems" in body:
        raise SemesterError(Problem(**problem) for problem in body["problems"])
    raise TitoError(": ".join(part for part in (body["rule"], body["value"], body["remedy"]) if part))
