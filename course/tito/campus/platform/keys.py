"""The keys with which this Hub signs its messages to a platform: files in a folder, the newest two of them published.

Promises: a key is published for a day before it signs, since platforms keep a copy of the key set, and stays published
until the one after the next is made. Nobody else can read the files.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tito.atomic import write_atomically

ALGORITHM = "RS256"  # the one that LTI's security framework requires every platform to accept
KEY_BITS = 2048
PUBLISHED, PUBLISHED_FIRST_SECONDS = 2, 24 * 3600


class Keys:
    """The keys in `folder`; a file's name is the key's id and the second in which it was made."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._folder, self._now = folder, now

    def signing(self) -> tuple[str, rsa.RSAPrivateKey]:
        """Return id and key to sign with: the newest that platforms can have seen, else the oldest."""
        known = self._files()
        seen = [path for path in known if int(path.stem) <= self._now() - PUBLISHED_FIRST_SECONDS]
        path = (seen or known[:1])[-1]
        return path.stem, _read(path)

    def published(self) -> dict[str, list[dict[str, Any]]]:
        """Return the public keys as a JSON Web Key Set."""
        return {"keys": [_public(path) for path in self._files()]}

    def rotate(self) -> str:
        """Make a new key, delete all but the newest two, and return the new one's id."""
        path = self._make()
        for old in self._files()[:-PUBLISHED]:
            old.unlink()
        return path.stem

    def _files(self) -> list[Path]:
        known = sorted(self._folder.glob("*.pem"), key=lambda path: int(path.stem))
        return known or [self._make()]

    def _make(self) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stamps = [int(path.stem) for path in self._folder.glob("*.pem")]
        stamp = max([int(self._now()), *(each + 1 for each in stamps)])  # two in one second are two keys
        path = self._folder / f"{stamp}.pem"
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        write_atomically(path, key.private_bytes(serialization.Encoding.PEM, *form), mode=0o600)
        return path


def _read(path: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _public(path: Path) -> dict[str, Any]:
    told = jwt.algorithms.RSAAlgorithm.to_jwk(_read(path).public_key(), as_dict=True)
    return {**told, "kid": path.stem, "use": "sig", "alg": ALGORITHM}
