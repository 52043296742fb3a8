"""Where the service stores and listens: the command line overrides the environment, which overrides the defaults."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from exchange.protocol import DEFAULT_PREFIX
from exchange.protocol.models import Refused

DEFAULT_PORT = 8104


@dataclass(frozen=True)
class Settings:
    """Everything that can differ between two installations of the service."""

    data: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    prefix: str = DEFAULT_PREFIX
    hub_api_url: str = "http://127.0.0.1:8081/hub/api"
    database: str = ""
    # How long the Hub's answer about a token is trusted; a revoked token works that much longer.
    identity_seconds: float = 30.0
    # Uploads are refused while less than this would stay free, so that the database can still commit.
    reserve_bytes: int = 32_000_000
    # An upload that sends nothing for this long is given up.
    idle_seconds: float = 60.0
    sweep_seconds: float = 3600.0
    # A long poll is answered after this time at the latest, before any proxy in between gives up.
    longest_wait_seconds: float = 30.0

    @property
    def database_url(self) -> str:
        """Give the SQLAlchemy URL; SQLite in the data folder unless one is set."""
        return self.database or f"sqlite:///{self.data / 'exchange.db'}"


def from_environment(environ: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Merge the settings: the command line (None: not given) overrides the environment, which overrides defaults."""
    env = os.environ if environ is None else environ
    service_url = urlparse(env.get("JUPYTERHUB_SERVICE_URL", ""))
    values: dict[str, Any] = {
        "data": env.get("EXCHANGE_DATA", "var/exchange"),
        "host": env.get("EXCHANGE_HOST") or service_url.hostname,
        "port": env.get("EXCHANGE_PORT") or service_url.port,
        "prefix": env.get("JUPYTERHUB_SERVICE_PREFIX"),
        "database": env.get("EXCHANGE_DATABASE"),
        "hub_api_url": env.get("JUPYTERHUB_API_URL"),
        "reserve_bytes": env.get("EXCHANGE_RESERVE_BYTES"),
    }
    values |= {key: value for key, value in given.items() if value is not None}
    values = {key: value for key, value in values.items() if value not in (None, "")}
    for key in ("port", "reserve_bytes"):
        if key in values:
            values[key] = _whole_number(key, values[key])
    values["data"] = Path(values["data"]).resolve()
    values["prefix"] = "/" + "/".join(part for part in values.get("prefix", DEFAULT_PREFIX).split("/") if part) + "/"
    return Settings(**values)


def _whole_number(key: str, value: Any) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise Refused(
            f"the setting {key} must be a whole number", repr(value), f"correct EXCHANGE_{key.upper()}"
        ) from error
