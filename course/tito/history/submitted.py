"""Which versions were submitted: those whose digest is in a receipt.

Receipts are read as JSON here: the exchange's client would load its HTTP and cryptography into every server.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from tito.workspace import Workspace


@dataclass(frozen=True)
class Attempt:
    """One submission of a module, from its receipt."""

    number: int
    received_at: str
    sha256: str
    receipt: Path

    def to_json(self) -> dict:
        return {"attempt": self.number, "received_at": self.received_at, "receipt": str(self.receipt)}


def attempts(workspace: Workspace, slug: str) -> list[Attempt]:
    """List the submissions of a module whose receipts are in the home, oldest first."""
    found = []
    for path in sorted((workspace.package / ".receipts").glob(f"*/{slug}-*.json")):
        found += _read(path, slug)
    return sorted(found, key=lambda attempt: attempt.received_at)


def _read(path: Path, slug: str) -> list[Attempt]:
    try:
        receipt = json.loads(path.read_text(encoding="utf-8"))["receipt"]
        if receipt["assignment"] != slug:
            return []
        files = [each for each in receipt["files"] if each["path"] == f"{slug}.ipynb"]
        return [Attempt(int(receipt["attempt"]), str(receipt["received_at"]), str(f["sha256"]), path) for f in files]
    except (OSError, ValueError, KeyError, TypeError):
        return []  # `tito receipt list` reports what is wrong with it
