"""Ask the campus service from a terminal: its address is CAMPUS_URL, the token an instructor's."""

import os
from collections.abc import Mapping
from typing import Any

from exchange.client.token import NEEDED, hub_token
from exchange.hub.asking import ServiceClient
from tito.errors import TitoError

TIMEOUT_SECONDS = 600.0  # for a large course on a slow platform


class CampusClient:
    """A client of the campus service, with one token."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        url, token = environ.get("CAMPUS_URL", "").rstrip("/"), hub_token(environ, "TITO_TOKEN")
        if not url or not token:
            missing = "CAMPUS_URL" if not url else NEEDED
            raise TitoError(
                f"the campus service needs an address and a token, and {missing} is not set: run this as `python -m "
                "hub_config run -- tito campus ...` on the Hub's machine. It runs if people log in with LTI 1.3 and "
                "HUB_SIGN_IN__TOKEN_URL is set (docs/campus.md)"
            )
        self._service = ServiceClient(
            "the campus service", f"{url}/api/v1", token, timeout_seconds=TIMEOUT_SECONDS,
            refused=TitoError, silent=TitoError,
        )  # fmt: skip

    def close(self) -> None:
        self._service.close()

    def status(self) -> dict[str, Any]:
        return self._service.ask("GET", "/status")

    def link(self, key: str) -> dict[str, Any]:
        return self._service.ask("POST", "/link", json={"key": key})

    def plan_roster(self) -> dict[str, Any]:
        return self._service.ask("POST", "/roster/plan")

    def apply_roster(self, drops: bool) -> dict[str, Any]:
        return self._service.ask("POST", "/roster/apply", json={"drops": drops})

    def grades(self) -> dict[str, Any]:
        return self._service.ask("GET", "/grades")

    def look(self) -> dict[str, Any]:
        return self._service.ask("POST", "/grades/look")

    def send(self) -> dict[str, Any]:
        return self._service.ask("POST", "/grades/send")

    def forget(self, yes: bool) -> dict[str, Any]:
        return self._service.ask("POST", "/forget", json={"yes": yes})

    def rotate_keys(self) -> dict[str, Any]:
        return self._service.ask("POST", "/keys/rotate")
