"""How a service or command calls a service: with a token, JSON in both directions, and refusals as readable errors."""

from collections.abc import Callable
from typing import Any

import httpx

from exchange.client.direct import direct_client
from exchange.protocol import ACTOR_HEADER
from exchange.protocol.models import Refused
from exchange.protocol.request_id import passed_on


class Silent(Refused, ConnectionError):
    """Nobody answered; trying again later may help. The text ends with `: ` and what to do."""

    def __init__(self, text: str) -> None:
        fault, _, remedy = text.rpartition(": ")
        super().__init__(fault, remedy=f"{remedy}, or try again in a moment", status=503)


class ServiceClient:
    """Calls the service `name` with one token. Failures are raised as `refused` or `silent`."""

    def __init__(
        self,
        name: str,
        url: str,
        token: str,
        *,
        timeout_seconds: float = 60,
        refused: Callable[[str], Exception] = Refused,
        silent: Callable[[str], Exception] = Silent,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._name, self._refused, self._silent = name, refused, silent
        headers = {"Authorization": f"token {token}"}
        base_url = url.rstrip("/")
        self._http = direct_client(
            url, base_url=base_url, headers=headers, timeout=timeout_seconds, transport=transport
        )

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, *, acting_for: str = "", **options: Any) -> Any:
        """Send a request; return the JSON of the answer, None for an empty one."""
        headers = {**options.pop("headers", {}), **({ACTOR_HEADER: acting_for} if acting_for else {})}
        try:
            answer = self._http.request(method, path, headers=headers, **options)
        except httpx.HTTPError as error:
            where = self._http.base_url
            raise self._silent(f"{self._name} at {where} does not answer ({error}): start it") from error
        if answer.is_error:
            raise self.refusal(method, path, answer)
        return answer.json() if answer.content else None

    def refusal(self, method: str, path: str, answer: httpx.Response) -> Exception:
        """Return the error to raise for a refusal."""
        return self._refused(f"{self._name} refused {method} {path}: {answer.status_code} {reason_in(answer)}")


async def tell_number(request: httpx.Request) -> None:
    """Pass on the number of the request that we are answering; a hook for asynchronous clients."""
    request.headers.update(passed_on())


def reason_in(answer: httpx.Response) -> str:
    """Return why a service or the Hub refused a request, in one line."""
    try:
        return reason_of(answer.json()) or f"it answered {answer.status_code}"
    except ValueError:
        return f"it answered {answer.status_code}"


def reason_of(body: Any) -> str:
    """Read the body of a refusal: ours, the Hub's (`message`), or one of an older service (`detail`)."""
    if not isinstance(body, dict):
        return ""
    said = body.get("rule") or body.get("detail") or body.get("message") or ""
    return ": ".join(str(part) for part in (said, body.get("value", ""), body.get("remedy", "")) if part)
