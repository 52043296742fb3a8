"""What a platform asks with a deep linking launch: files that the Hub's sign-in writes, each good for one answer.

Only whoever launched may see and answer it, within its hour. Where the answer goes is the platform's signed word.
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
    """A platform's question for links; `course_key` names its course, `columns` whether it takes columns with them."""

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
    """Return what `name` was asked; raise TitoError for what is over, another's, or was never asked."""
    path = _path(folder, key)
    if not path.is_file():
        raise TitoError(f"nothing waits for a choice here, or it was answered already: {AGAIN}")
    found = Choosing(**json.loads(path.read_text("utf-8")))
    if found.name != name:
        raise TitoError(f"this choice is {found.name}'s: {AGAIN}")
    if found.until <= time.time():
        raise TitoError(f"the platform asked more than an hour ago: {AGAIN}")
    check_address(found.return_url)
    return found


def take_choosing(folder: Path, key: str) -> None:
    """Use a question up; raise TitoError for whoever comes second, also where two come at once."""
    try:
        _path(folder, key).unlink()
    except FileNotFoundError:
        raise TitoError(f"it was answered already: {AGAIN}") from None


def _path(folder: Path, key: str) -> Path:
    if not KEY.fullmatch(key):
        raise TitoError(f"{key[:40]!r} is no key of a choice: {AGAIN}")
    return folder / FOLDER / f"{key}.json"
