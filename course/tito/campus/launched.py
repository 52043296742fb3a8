"""The platform's courses from which somebody has come here: files that the Hub's sign-in writes from signed launches.

A launch gives no rights: an instructor says which of these courses is ours, with `tito campus link`.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from tito.campus.database import Linked
from tito.campus.platform.addresses import check_address

FOLDER = "launched"


@dataclass(frozen=True)
class LaunchedCourse:
    """One course of a platform, with the addresses of its services; `key` is its name for `tito campus link`.

    `columns` are the columns of its own assignments that open a module's page, by module.
    """

    key: str
    issuer: str
    deployment: str
    context: str
    title: str
    members_url: str
    line_items_url: str
    resource_link: str = ""
    columns: dict[str, str] = field(default_factory=dict)


def launched_courses(folder: Path) -> list[LaunchedCourse]:
    """Return them by title."""
    found = [_read(path) for path in (folder / FOLDER).glob("*.json")]
    return sorted(found, key=lambda each: (each.title, each.key))


def find_launched(folder: Path, key: str) -> LaunchedCourse | None:
    """Return the course that `key` names; raise PlatformUntrue if one of its addresses may not be asked."""
    found = next((each for each in launched_courses(folder) if each.key == key), None)
    for url in (found.members_url, found.line_items_url) if found else ():
        if url:
            check_address(url)
    return found


def launched_of(folder: Path, linked: Linked) -> LaunchedCourse | None:
    """Return what launches have since said about the linked course."""
    ours = (linked.issuer, linked.deployment, linked.context)
    found = (each for each in launched_courses(folder) if (each.issuer, each.deployment, each.context) == ours)
    return next(found, None)


def with_services(folder: Path, linked: Linked) -> Linked:
    """Add service addresses that launches named only after the course was linked, as Moodle's do."""
    found = launched_of(folder, linked)
    for name in ("members_url", "line_items_url"):
        if found and not getattr(linked, name):
            setattr(linked, name, getattr(found, name))
    return linked


def columns_there(folder: Path, linked: Linked) -> dict[str, str]:
    """Return the columns of the linked course's own assignments, by the module that each opens."""
    found = launched_of(folder, linked)
    return found.columns if found else {}


def resource_link_of(folder: Path, linked: Linked) -> str:
    """Return a link in the linked course, for which the platform gives the members' custom parameters."""
    found = launched_of(folder, linked)
    return linked.resource_link or (found.resource_link if found else "")


def _read(path: Path) -> LaunchedCourse:
    return LaunchedCourse(key=path.stem, **json.loads(path.read_text("utf-8")))
