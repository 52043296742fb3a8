"""What a platform asks for in a deep linking launch: files that the Hub's sign-in writes, each good for one answer.

Only the person who launched may see and answer it, within an hour. The platform's signed message says where the
answer goes.
"""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path

from tito.campus.platform.addresses import check_address
from tito.campus.platform.deep_links import Asked
from tito.errors import TitoError

FOLDER = "choosing"
KEY = re.compile(r"[0-9a-f]{32}")
AGAIN = "begin again in the platform's course"


@dataclass(frozen=True)
class Choosing:
    """A platform's request for links; `course_key` names its course, `columns` says if it accepts columns with them."""

    course_key: str
    issuer: str
    client_id: str
    deployment: str
    return_url: str
    data: str | None
    multiple: bool
    columns: bool
    name: str
    until: float

    @property
    def asked(self) -> Asked:
        return Asked(self.issuer, self.client_id, self.deployment, self.data)


def find_choosing(folder: Path, key: str, name: str) -> Choosing:
    """Return what `name` was asked; raise TitoError if it has expired, is somebody else's, or was never asked."""
    path = _path(folder, key)
    if not path.is_file():
        raise TitoError(f"no choice is waiting here, or it has already been answered: {AGAIN}")
    found = Choosing(**json.loads(path.read_text("utf-8")))
    if found.name != name:
        raise TitoError(f"this choice is {found.name}'s: {AGAIN}")
    if found.until <= time.time():
        raise TitoError(f"the platform asked more than an hour ago: {AGAIN}")
    check_address(found.return_url)
    return found


def take_choosing(folder: Path, key: str) -> None:
    """Use up a request; raise TitoError for the second use, even if two come at the same time."""
    try:
        _path(folder, key).unlink()
    except FileNotFoundError:
        raise TitoError(f"it has already been answered: {AGAIN}") from None


def _path(folder: Path, key: str) -> Path:
    if not KEY.fullmatch(key):
        raise TitoError(f"{key[:40]!r} is not the key of a choice: {AGAIN}")
    return folder / FOLDER / f"{key}.json"
