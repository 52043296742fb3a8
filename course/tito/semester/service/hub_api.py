"""The few parts of the Hub's API that people, groups and labs need."""

from typing import Any
from urllib.parse import quote

import httpx

from exchange.hub.asking import ServiceClient
from tito.errors import TitoError

PAGE = 200
# People in one request: the Hub makes all of them before it answers anybody else, and a thousand take it half a minute.
AT_ONCE = 50
PAGINATED = {"Accept": "application/jupyterhub-pagination+json"}


class Hub:
    """The Hub at `api_url`, asked with a service's own token."""

    def __init__(self, api_url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        self._hub = ServiceClient(
            "the Hub", api_url, token, timeout_seconds=30, refused=TitoError, silent=HubUnreachable, transport=transport
        )

    def close(self) -> None:
        self._hub.close()

    def users(self) -> set[str]:
        """Return the names of all users of the Hub."""
        return {row["name"] for row in self._pages("/users")}

    def groups(self) -> dict[str, set[str]]:
        """Return each group's members."""
        return {row["name"]: set(row["users"]) for row in self._pages("/groups")}

    def create_users(self, names: list[str]) -> None:
        """Add people whom the Hub does not know yet."""
        for some in _parts(names):
            self._ask("POST", "/users", {"usernames": some})

    def create_group(self, group: str) -> None:
        self._ask("POST", f"/groups/{group}")

    def add(self, group: str, names: list[str]) -> None:
        for some in _parts(names):
            self._ask("POST", f"/groups/{group}/users", {"users": some})

    def remove(self, group: str, names: list[str]) -> None:
        for some in _parts(names):
            self._ask("DELETE", f"/groups/{group}/users", {"users": some})

    def servers(self) -> dict[str, bool]:
        """Return who has a server, and whether it is ready: it may still be starting, or be stopping."""
        rows = self._pages("/users", state="active")
        return {row["name"]: bool((row.get("servers") or {}).get("", {}).get("ready")) for row in rows}

    def start_server(self, name: str) -> None:
        """Ask the Hub to start somebody's server."""
        self._ask("POST", f"/users/{quote(name)}/server")

    def _pages(self, path: str, **chosen: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            asked = {"offset": len(rows), "limit": PAGE, **chosen}
            answer = self._ask("GET", path, params=asked, headers=PAGINATED)
            page = answer["items"] if isinstance(answer, dict) else answer
            rows += page
            if not isinstance(answer, dict) or not answer["_pagination"]["next"]:
                return rows

    def _ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        return self._hub.ask(method, path, json=body, **options)


def _parts(names: list[str]) -> list[list[str]]:
    return [names[at : at + AT_ONCE] for at in range(0, len(names), AT_ONCE)]


class HubUnreachable(TitoError, ConnectionError):
    """Nobody answered; trying again later may help."""
