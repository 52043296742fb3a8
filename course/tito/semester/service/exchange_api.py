"""The staff verbs of the exchange that a semester needs, over HTTP with the service's own token."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import httpx

from exchange.protocol.bundle import MEDIA_TYPE, encode_manifest
from exchange.protocol.models import AssignmentSettings, CourseSettings, Extension, FileInfo
from tito.errors import TitoError

TIMEOUT_SECONDS = 60.0


class ExchangeUnreachable(TitoError, ConnectionError):
    """Nobody answered; trying again later may help."""


class ExchangeRefused(TitoError):
    """The exchange refused, with its own reason."""


class StaffExchange:
    """The exchange at `url`, asked with a service's token."""

    def __init__(self, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"token {token}"}
        base = f"{url.rstrip('/')}/api/v1"
        self._http = httpx.Client(base_url=base, headers=headers, timeout=TIMEOUT_SECONDS, transport=transport)

    def close(self) -> None:
        self._http.close()

    def course(self, course: str) -> dict[str, Any] | None:
        """Return a course, None if the exchange has none of that name."""
        return next((row for row in self._ask("GET", "courses").json() if row["id"] == course), None)

    def put_course(self, course: str, settings: CourseSettings) -> None:
        self._ask("PUT", f"courses/{course}", json=asdict(settings))

    def assignments(self, course: str) -> dict[str, dict[str, Any]]:
        """Return the course's assignments by id."""
        return {row["id"]: row for row in self._ask("GET", f"courses/{course}/assignments").json()}

    def put_assignment(self, course: str, assignment: str, settings: AssignmentSettings) -> None:
        self._ask("PUT", f"courses/{course}/assignments/{assignment}", json=asdict(settings))

    def extensions(self, course: str, assignment: str) -> dict[str, dict[str, Any]]:
        """Return an assignment's extensions by student."""
        rows = self._ask("GET", f"courses/{course}/assignments/{assignment}/extensions").json()
        return {row["student"]: row for row in rows}

    def put_extension(self, course: str, assignment: str, student: str, extension: Extension) -> None:
        self._ask("PUT", f"courses/{course}/assignments/{assignment}/extensions/{student}", json=asdict(extension))

    def delete_extension(self, course: str, assignment: str, student: str) -> None:
        self._ask("DELETE", f"courses/{course}/assignments/{assignment}/extensions/{student}")

    def release(self, course: str, assignment: str, files: Mapping[str, bytes], by: str) -> dict[str, Any]:
        """Give out `files`; the same files again change nothing, others become a new version."""
        path = f"courses/{course}/assignments/{assignment}/release"
        return self._send(path, files, by, params={"force": "true"}).json()

    def put_solution(self, course: str, assignment: str, files: Mapping[str, bytes], by: str) -> None:
        """Deposit the reference, which the exchange hands out by its unlock rule alone."""
        self._send(f"courses/{course}/assignments/{assignment}/solution", files, by, params={"force": "true"})

    def withdraw(self, course: str, assignment: str) -> None:
        """Take a release back; submissions stay."""
        self._ask("DELETE", f"courses/{course}/assignments/{assignment}/release")

    def _send(self, path: str, files: Mapping[str, bytes], by: str, **options: Any) -> httpx.Response:
        headers = {"Content-Type": MEDIA_TYPE, "Exchange-Actor": by}
        return self._ask("PUT", path, content=b"".join(_bundle(files)), headers=headers, **options)

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            base = self._http.base_url
            raise ExchangeUnreachable(f"the exchange at {base} does not answer ({error}): start it") from None
        if answer.is_error:
            raise ExchangeRefused(f"the exchange refused {method} {path}: {_reason(answer)}")
        return answer


def _bundle(files: Mapping[str, bytes]) -> Iterator[bytes]:
    names = sorted(files)
    yield encode_manifest(FileInfo(n, len(files[n]), hashlib.sha256(files[n]).hexdigest()) for n in names)
    for name in names:
        yield files[name]


def _reason(answer: httpx.Response) -> str:
    try:
        body = answer.json()
        return f"{body['rule']}, got {body['value']}: {body['remedy']}"
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.text[:200]}"
