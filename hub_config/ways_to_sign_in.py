"""The one table of ways to log in, and all that settings, Hub, pages and documents know about each.

A new way is a file in `sign_in/` and a line in WAYS. Its code is loaded only if it is chosen.
"""

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple


class Way(NamedTuple):
    """One way to log in. Functions are "file:function" below sign_in/."""

    sets: str  # called with the Hub's configuration and the settings
    tells: str  # called with the settings: the lines in which `serve` tells the operator how people log in
    needs: tuple[str, ...] = ()  # settings under `sign_in` that it needs
    takes: tuple[str, ...] = ()  # and those that it uses
    asks_outside: bool = False  # the Hub sends requests to somebody else's server

    def load(self, does: str) -> Callable[..., Any]:
        """Import one of its functions."""
        file, _, function = does.partition(":")
        return getattr(importlib.import_module(f"hub_config.sign_in.{file}"), function)


_ADDRESSES = ("authorize_url", "token_url", "userdata_url")
_PLATFORM = ("client_id", "issuer", "authorize_url", "jwks_url", "username_claim")
_BY_PROVIDER = "providers:told_by_name"

WAYS = {
    "generated-passwords": Way("passwords:generated", "passwords:told_generated"),
    "shared-password": Way("passwords:shared", "passwords:told_shared"),
    "native": Way("passwords:native", "passwords:told_native"),
    "github": Way("providers:github", _BY_PROVIDER, ("client_id",), ("login_service",), asks_outside=True),
    "google": Way(
        "providers:google", _BY_PROVIDER, ("client_id", "hosted_domain"), ("login_service",), asks_outside=True
    ),
    "oauth": Way(
        "providers:any_provider", _BY_PROVIDER, ("client_id", *_ADDRESSES, "username_claim"),
        ("login_service", "hosted_domain"), asks_outside=True,
    ),
    "lti13": Way(
        "providers:platform", "providers:told_platform", _PLATFORM, ("hosted_domain", "token_url"), asks_outside=True
    ),
}  # fmt: skip


def who_takes(setting: str) -> str:
    """Name the ways that use a setting under `sign_in`, for its description."""
    return ", ".join(name for name, way in WAYS.items() if setting in (*way.needs, *way.takes))
