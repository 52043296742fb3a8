"""What proves that work has arrived: canonical bytes, and a check that needs only the public key.

The signed bytes are the receipt as JSON with sorted keys, no spaces and non-ASCII escaped, which any language can
reproduce.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from exchange.protocol.models import FileInfo, Receipt, Refused, SignedReceipt, plain


def canonical(receipt: Receipt) -> bytes:
    """Give the bytes that are signed."""
    return json.dumps(plain(receipt), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def read_receipt(data: dict[str, Any]) -> SignedReceipt:
    """Build a SignedReceipt from JSON data; raise Refused if the data is not one."""
    try:
        body = dict(data["receipt"])
        body["files"] = [FileInfo(**f) for f in body["files"]]
        return SignedReceipt(receipt=Receipt(**body), signature=str(data["signature"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("this is not a complete receipt", str(error)[:120], "use the file that submit wrote") from error


def key_id_of(public_key: bytes) -> str:
    """Name a raw public key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def verify(signed: SignedReceipt, public_key: bytes) -> None:
    """Raise Refused unless the receipt was signed by the owner of this raw Ed25519 public key (32 bytes)."""
    if key_id_of(public_key) != signed.receipt.key_id:
        raise Refused(
            rule=f"this is not the key that signed the receipt, {signed.receipt.key_id}",
            value=key_id_of(public_key),
            remedy="take the key with that id from the exchange's list of keys",
        )
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            base64.b64decode(signed.signature, validate=True), canonical(signed.receipt)
        )
    except (InvalidSignature, ValueError) as error:
        raise Refused("the receipt's signature is wrong", remedy="it was altered: fetch it again") from error


def differences(signed: SignedReceipt, folder: Path) -> list[str]:
    """List the receipt's files that are missing in a folder or differ from what was submitted."""
    found = []
    for info in signed.receipt.files:
        path = folder / info.path
        if not path.is_file():
            found.append(f"{info.path}: missing")
        elif _sha256(path) != info.sha256:
            found.append(f"{info.path}: changed since it was submitted")
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
