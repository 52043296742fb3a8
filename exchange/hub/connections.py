"""Kept connections to one server, for questions with small answers: whose token is this?

At a deadline a service asks it for every member of a class, and httpx takes 1.3 ms of processor time for a question
that takes 0.2 ms here: it was a third of what a submission cost the exchange. h11 speaks HTTP, and httpx stands on it
too; redirects, cookies and compression are left out. Proxies that the environment names are not asked (see `direct`).
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit

import h11

from exchange.client.direct import certificates_for
from exchange.protocol.request_id import passed_on

CHUNK_BYTES = 64 * 1024


class Connections:
    """Ask one address again and again; who asks side by side has a connection of their own."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._place = (parts.hostname or "", parts.port or (443 if secure else 80))
        self._host, self._path = parts.netloc, parts.path or "/"
        self._certificates = certificates_for(url)
        self._kept: list[_Connection] = []

    async def get(self, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Return status and body. Raise OSError, or h11.RemoteProtocolError for what is no whole answer."""
        request = h11.Request(
            method="GET",
            target=self._path,
            headers=[("Host", self._host), ("Accept", "*/*"), *headers.items(), *passed_on().items()],
        )
        while self._kept:
            try:
                return await self._ask(self._kept.pop(), request)
            except (OSError, h11.RemoteProtocolError):
                continue  # closed for having been idle; another may be open still
        return await self._ask(await self._open(), request)

    async def _open(self) -> "_Connection":
        host, port = self._place
        return _Connection(*await asyncio.open_connection(host, port, ssl=self._certificates))

    async def _ask(self, connection: "_Connection", request: h11.Request) -> tuple[int, bytes]:
        try:
            answer = await connection.ask(request)
        except BaseException:  # also where nobody waits any more: what is still on the way is nobody else's answer
            connection.close()
            raise
        if connection.is_open:
            self._kept.append(connection)
        return answer

    async def close(self) -> None:
        """Close what is kept."""
        while self._kept:
            await self._kept.pop().closed()


class _Connection:
    """One connection, one question at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.CLIENT)

    async def ask(self, request: h11.Request) -> tuple[int, bytes]:
        self._writer.write((self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b""))
        status, body = 0, bytearray()
        while not isinstance(event := await self._next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
        return status, bytes(body)

    async def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(CHUNK_BYTES))
        return event

    @property
    def is_open(self) -> bool:
        """Tell whether it can be asked again, and make it ready for that."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            self.close()
            return False
        self._http.start_next_cycle()
        return True

    def close(self) -> None:
        self._writer.close()

    async def closed(self) -> None:
        """Close it, and wait until it is."""
        self.close()
        with suppress(OSError):  # the other side was faster
            await self._writer.wait_closed()
