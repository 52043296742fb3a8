"""Call the Hub through tornado's HTTP client, which a server loads anyway. `launch.py` puts this in the place of
`jupyterhub.httpclient`, whose aiohttp takes a tenth of a start's processor time and is used for nothing else here.

Promises: `fetch` takes and returns what JupyterHub's does, as far as a single-user server uses it, and waits as long.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from tornado.httpclient import AsyncHTTPClient

ANSWER_SECONDS, CONNECT_SECONDS = 300.0, 30.0  # aiohttp's defaults; a Hub may be slow while a whole class logs in


@dataclass(frozen=True)
class Answer:
    """An answer of the Hub; its content has arrived."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    async def text(self) -> str:
        return self.content.decode("utf-8", "replace")


async def fetch(
    url: str,
    *,
    method: str = "GET",
    raise_for_status: bool = True,
    headers: Mapping[str, str] | None = None,
    data: str | bytes | None = None,
    ssl: ssl.SSLContext | None = None,
) -> Answer:
    """Send a request; a status of 400 or more raises an error if `raise_for_status` is true."""
    answer = await AsyncHTTPClient().fetch(
        url,
        raise_error=raise_for_status,
        method=method,
        headers=headers,
        body=data,
        ssl_options=ssl,
        connect_timeout=CONNECT_SECONDS,
        request_timeout=ANSWER_SECONDS,
    )
    return Answer(answer.code, answer.headers, answer.body)
