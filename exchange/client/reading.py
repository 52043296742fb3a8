"""Read releases with the standard library alone, in less time than it takes to load `ExchangeClient`.

For a starting server. It makes one attempt and does not explain a refusal; for retries, explanations and other verbs
use `ExchangeClient`.
"""

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from exchange.client.token import hub_token
from exchange.client.transfer import unpack
from exchange.protocol import API_VERSION
from exchange.protocol.bundle import CHUNK_BYTES
from exchange.protocol.models import Assignment, FileInfo, Refused, from_plain

TIMEOUT_SECONDS = 15.0


class Reader:
    """The releases of the exchange that the environment names; use it as a context manager."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        where = urlsplit(environ.get("EXCHANGE_URL", ""))
        if where.scheme not in ("http", "https") or not where.hostname:
            raise Refused("the exchange's address is missing", "no EXCHANGE_URL", "start this from your Hub server")
        self.base = f"{where.path.rstrip('/')}/api/{API_VERSION}/"
        self.headers = {"Authorization": f"token {hub_token(environ, 'EXCHANGE_TOKEN')}"}
        self._to = _connection(where.scheme, where.hostname, where.port)

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._to.close()

    def assignments(self, course: str) -> list[Assignment]:
        """List assignments as they stand for the caller."""
        with self._get("courses", course, "assignments") as answer:
            return from_plain(list[Assignment], json.load(answer))

    def fetch_release(self, course: str, assignment: str, target: Path) -> list[FileInfo]:
        """Download a release into the new folder `target`."""
        with self._get("courses", course, "assignments", assignment, "release") as answer:
            return unpack(iter(lambda: answer.read(CHUNK_BYTES), b""), target)

    @contextmanager
    def _get(self, *path: str) -> Iterator[http.client.HTTPResponse]:
        self._to.request("GET", self.base + "/".join(quote(part, safe="") for part in path), headers=self.headers)
        with self._to.getresponse() as answer:
            if answer.status != http.client.OK:
                raise Refused("the exchange did not send it", f"status {answer.status}", "ask with ExchangeClient")
            yield answer


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
