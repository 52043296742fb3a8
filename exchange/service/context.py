"""What every request handler needs: the parts of the service, who is asking, and the time."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

from exchange.hub.identity import HubIdentity, actor_in, token_in
from exchange.protocol import scopes
from exchange.protocol.models import Refused, utc_text
from exchange.protocol.paths import check_person
from exchange.service.blobs import Blobs
from exchange.service.database import Database
from exchange.service.group_commit import GroupCommit
from exchange.service.identity import Caller
from exchange.service.keyring import Keyring
from exchange.service.metrics import Metrics
from exchange.service.settings import Settings


def system_clock() -> datetime:
    """Give the server's time."""
    return datetime.now(UTC)


class Bell:
    """Wakes those who wait for new rows; any thread can ring it."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def ring(self) -> None:
        """Wake everybody who is waiting now."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for event in self._waiting:
            event.set()

    def listen(self) -> asyncio.Event:
        """Register; call this before looking, so that nothing is missed between looking and waiting."""
        self._loop = asyncio.get_running_loop()
        event = asyncio.Event()
        self._waiting.add(event)
        return event

    def forget(self, event: asyncio.Event) -> None:
        """Unregister."""
        self._waiting.discard(event)


class InFlight:
    """Bytes that are coming in, per owner: they count against quota and disk before they have arrived."""

    def __init__(self) -> None:
        self._bytes: dict[object, int] = {}
        self._lock = threading.Lock()

    def add(self, owner: object, size: int) -> None:
        """Count the bytes of an upload that begins (negative: of one that ends)."""
        with self._lock:
            self._bytes[owner] = self._bytes.get(owner, 0) + size
            if self._bytes[owner] <= 0:
                del self._bytes[owner]

    def of(self, owner: object) -> int:
        """Tell how much one owner is sending."""
        return self._bytes.get(owner, 0)

    def total(self) -> int:
        """Tell how much everybody is sending."""
        with self._lock:
            return sum(self._bytes.values())


@dataclass
class Service:
    """The parts of a running service."""

    settings: Settings
    database: Database
    blobs: Blobs
    identity: HubIdentity[Caller]
    keyring: Keyring
    metrics: Metrics
    group_commit: GroupCommit
    clock: Callable[[], datetime] = system_clock
    bell: Bell = field(default_factory=Bell)
    in_flight: InFlight = field(default_factory=InFlight)

    def now(self) -> str:
        """Give the server's time as text."""
        return utc_text(self.clock())

    def check_room(self) -> None:
        """Raise Refused 507 if there might be no room for a submission."""
        if self.blobs.free_bytes() < self.settings.reserve_bytes:
            raise Refused("the exchange's disk is nearly full", remedy="make room", status=507)


async def get_service(request: Request) -> Service:
    """Find the service that the application was made with; async, because otherwise it would be called in a thread."""
    return request.app.state.service


async def get_caller(request: Request) -> Caller:
    """Identify who is asking; raise Refused 401, 403 or 503."""
    service: Service = request.app.state.service
    caller = await service.identity.caller(token_in(request.headers))
    if caller.kind == "service" and (named := actor_in(request.headers)):
        caller = Caller(caller.name, caller.kind, caller.scopes, caller.groups, acting_for=check_person(named))
    request.state.caller = caller
    if not caller.scopes & scopes.ACCESS_FORMS:
        raise Refused(
            f"the token lacks the scope {scopes.ACCESS}",
            f"a token of {caller.name}",
            "use the token of your server, or ask the operator",
            403,
        )
    return caller


ServiceDep = Annotated[Service, Depends(get_service)]
CallerDep = Annotated[Caller, Depends(get_caller)]
