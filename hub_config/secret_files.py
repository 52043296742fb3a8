"""Secrets as files of mode 0600 under `var/secrets`, made at first use; this module never prints them."""

import json
import os
import secrets
import tempfile
from pathlib import Path

from hub_config.settings import Settings

# No letters and digits that are easily confused: a person types these.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def read_or_create(folder: Path, name: str) -> str:
    """Return the secret `name`, of 256 random bits in hexadecimal, making it at first use."""
    file = folder / name
    if not file.exists():
        write_private(file, secrets.token_hex(32))
    return file.read_text("utf-8").strip()


def secret_of(settings: Settings, name: str) -> str:
    """Return a secret of this Hub: from the folder of given secrets, otherwise our own, made at first use."""
    given = settings.given_secrets and settings.given_secrets / name
    return given.read_text("utf-8").strip() if given and given.is_file() else read_or_create(settings.secrets, name)


def new_password() -> str:
    """Return a password that is easy to type, of about 59 random bits."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(12))
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def read_passwords(folder: Path) -> dict[str, str]:
    """Return the generated passwords by user name."""
    file = folder / "passwords.json"
    return json.loads(file.read_text("utf-8")) if file.exists() else {}


def write_passwords(folder: Path, passwords: dict[str, str]) -> None:
    """Replace the passwords, all or none."""
    write_private(folder / "passwords.json", json.dumps(passwords, indent=1, sort_keys=True) + "\n")


def write_private(file: Path, text: str) -> None:
    """Write `file` with mode 0600, so that a reader never sees half of it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.parent.chmod(0o700)
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    Path(temporary).replace(file)
    folder = os.open(file.parent, os.O_RDONLY)  # something encrypted or signed with it may be on disk a moment later
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
