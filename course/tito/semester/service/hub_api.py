"""The few words of the Hub's API that people and groups need."""

from typing import Any

import httpx

from exchange.client.direct import direct_client
from tito.errors import TitoError

PAGE = 200
PAGINATED = {"Accept": "application/jupyterhub-pagination+json"}


class Hub:
    """The Hub at `api_url`, asked with a service's own token."""

    def __init__(self, api_url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"token {token}"}
        base_url = api_url.rstrip("/")
        self._http = direct_client(api_url, base_url=base_url, headers=headers, timeout=30, transport=transport)

    def close(self) -> None:
        self._http.close()

    def users(self) -> set[str]:
        """Return the names of everybody whom the Hub knows."""
        return {row["name"] for row in self._pages("/users")}

    def groups(self) -> dict[str, set[str]]:
        """Return each group's members."""
        return {row["name"]: set(row["users"]) for row in self._pages("/groups")}

    def create_users(self, names: list[str]) -> None:
        """Make the Hub know people whom it does not know yet."""
        self._ask("POST", "/users", {"usernames": names})

    def create_group(self, group: str) -> None:
        self._ask("POST", f"/groups/{group}")

    def add(self, group: str, names: list[str]) -> None:
        self._ask("POST", f"/groups/{group}/users", {"users": names})

    def remove(self, group: str, names: list[str]) -> None:
        self._ask("DELETE", f"/groups/{group}/users", {"users": names})

    def _pages(self, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            answer = self._ask("GET", path, params={"offset": len(rows), "limit": PAGE}, headers=PAGINATED)
            page = answer["items"] if isinstance(answer, dict) else answer
            rows += page
            if not isinstance(answer, dict) or not answer["_pagination"]["next"]:
                return rows

    def _ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        try:
            answer = self._http.request(method, path, json=body, **options)
        except httpx.HTTPError as error:
            raise HubUnreachable(f"the Hub at {self._http.base_url} does not answer ({error}): start it") from None
        if answer.is_error:
            raise TitoError(f"the Hub refused {method} {path}: {answer.status_code} {_reason(answer)}")
        return answer.json() if answer.content else None


class HubUnreachable(TitoError, ConnectionError):
    """Nobody answered; trying again later may help."""


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("message", answer.text))[:300]
    except ValueError:
        return answer.text[:300]
