"""Speak to the exchange from Python: `ExchangeClient` for every verb, `submit_folder` for a student's submission.

    client = ExchangeClient.from_environment()
    for assignment in client.assignments("tinytorch-2026-fall"):
        print(assignment.id, assignment.state, assignment.due_at)

Temporary failures (a restart, a lost answer) are retried with growing pauses; a refusal raises
`exchange.protocol.models.Refused` with rule, value and remedy. Transfers use little memory, whatever their size, and
happen completely or not at all.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exchange.client.connection import Unreachable
    from exchange.client.exchange_client import ExchangeClient
    from exchange.client.fetching import Fetched, fetch_folder
    from exchange.client.receipts import ReceiptFolder
    from exchange.client.submitting import Submitted, submit_folder

__all__ = ["ExchangeClient", "Fetched", "ReceiptFolder", "Submitted", "Unreachable", "fetch_folder", "submit_folder"]
_PARTS = {
    "ExchangeClient": "exchange_client",
    "Fetched": "fetching",
    "ReceiptFolder": "receipts",
    "Submitted": "submitting",
    "Unreachable": "connection",
    "fetch_folder": "fetching",
    "submit_folder": "submitting",
}


def __getattr__(name: str) -> Any:
    """Load a part when it is first used: a starting server needs none of those that import httpx."""
    if name not in _PARTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PARTS[name]}"), name)
