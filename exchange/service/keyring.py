"""The keys that sign receipts: one is active; the public keys of retired ones are kept, to verify old receipts.

Private keys are in `keys/ID.pem` (mode 0600), public ones in the database and so in every backup.
"""

import base64
import os
import threading
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, update

from exchange.hub.durable import make_folder, sync_folder
from exchange.protocol.models import PublicKey, Receipt, Refused, SignedReceipt
from exchange.protocol.receipt import canonical, key_id_of
from exchange.service.database import Database
from exchange.service.tables import signing_keys

# The key that signs now; part of a statement that is run each time, so that a rotation needs no restart.
ACTIVE_KEY = (
    select(signing_keys.c.key_id)
    .where(signing_keys.c.retired_at.is_(None))
    .order_by(signing_keys.c.created_at.desc())
    .limit(1)
    .scalar_subquery()
)


class Keyring:
    """Signs with the newest key that is not retired; makes the first one."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder, self._database = folder, database
        self._private: dict[str, Ed25519PrivateKey] = {}
        self._lock = threading.Lock()
        make_folder(folder, 0o700)

    def public_keys(self) -> list[PublicKey]:
        """List all keys, newest first."""
        order = signing_keys.c.retired_at.is_(None).desc(), signing_keys.c.created_at.desc()
        with self._database.read() as connection:
            return [PublicKey(**row._mapping) for row in connection.execute(select(signing_keys).order_by(*order))]

    def ensure(self, now: str) -> None:
        """Make the first key."""
        with self._lock:
            if not any(key.retired_at is None for key in self.public_keys()):
                self._create(now)

    def rotate(self, now: str) -> str:
        """Retire the active key and name the new one."""
        with self._lock:
            return self._create(now)

    def sign(self, receipt: Receipt) -> SignedReceipt:
        """Sign a receipt with the key that it names."""
        signature = self._load(receipt.key_id).sign(canonical(receipt))
        return SignedReceipt(receipt, base64.b64encode(signature).decode())

    def _create(self, now: str) -> str:
        private = Ed25519PrivateKey.generate()
        raw = private.public_key().public_bytes_raw()
        key_id = key_id_of(raw)
        _write_private(self._folder / f"{key_id}.pem", private)
        with self._database.write() as connection:
            old = update(signing_keys).where(signing_keys.c.retired_at.is_(None)).values(retired_at=now)
            connection.execute(old)
            connection.execute(
                signing_keys.insert().values(
                    key_id=key_id, public_key=base64.b64encode(raw).decode(), created_at=now, retired_at=None
                )
            )
        return key_id

    def _load(self, key_id: str) -> Ed25519PrivateKey:
        if key_id not in self._private:
            path = self._folder / f"{key_id}.pem"
            if not path.is_file():
                raise Refused(
                    f"the private key {key_id} is missing",
                    f"no such file in {self._folder.name}/",
                    "run rotate-key",
                    status=503,
                )
            loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
            if not isinstance(loaded, Ed25519PrivateKey):
                raise Refused("the signing key is not an Ed25519 key", path.name, "run rotate-key", status=503)
            self._private[key_id] = loaded
        return self._private[key_id]


def _write_private(path: Path, private: Ed25519PrivateKey) -> None:
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(pem)
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(path.parent)  # before the database names it: a lost key could sign nothing
