"""What sign-in and the campus service tell each other, in files under `var/campus`: each has one writer.

The campus service writes `people.json`: which person has which subject on the platform. Sign-in writes `launched/`: the
platform's courses from which somebody has come, with the addresses of their services and the columns of their
assignments that open a module's page; an instructor says which of these courses is ours.
"""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CAMPUS_FOLDER = "campus"
PEOPLE, LAUNCHED = "people.json", "launched"
MOST_COURSES = 500  # courses beyond these are not recorded
MOST_COLUMNS = 200
MODULE = "module"  # the parameter of a deep link that names a module
MODULE_NAME = re.compile(r"[a-z0-9_]{1,64}")
MODULE_PAGE = re.compile(r"/services/home/modules/([a-z0-9_]{1,64})/?$")
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
MAY_BE_MISSING = ("members_url", "line_items_url", "resource_link")
MEMBERS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
GRADES = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"


class NotTheirName(ValueError):
    """A launch claims a name that belongs to another account of the platform."""


def check_name(folder: Path, claims: Mapping[str, Any], name: str) -> str:
    """Return the name of the person who launches: that of their subject, else `name` if nobody else has it.

    Raise NotTheirName for somebody else's name: an address may be given to another person, a subject never is.
    """
    file = folder / PEOPLE
    if not file.is_file():
        return name
    told = json.loads(file.read_text("utf-8"))
    if told["issuer"] != claims.get("iss"):
        return name
    known: dict[str, str] = told["people"]
    subject = str(claims.get("sub", ""))
    if subject not in known and name in known.values():
        raise NotTheirName(f"{name!r} belongs to another account of the platform than {subject!r}")
    return known.get(subject, name)


def note_course(folder: Path, claims: Mapping[str, Any]) -> None:
    """Record where the services of the launch's course are, if the platform says so."""
    course = _course(claims)
    if not course["context"] or not (course["members_url"] or course["line_items_url"]):
        return
    file = folder / LAUNCHED / f"{course_key(claims)}.json"
    before = file.read_text("utf-8") if file.is_file() else ""
    if not before and len(list(file.parent.glob("*.json"))) >= MOST_COURSES:
        return
    known = json.loads(before) if before else {}
    columns = known.get("columns", {})
    if len(columns) < MOST_COLUMNS:
        columns |= _column(claims)
    # Deep linking sends no resource link, and Moodle names no list of members until the course has an activity of ours.
    course |= {name: known.get(name, "") for name in MAY_BE_MISSING if not course[name]}
    text = json.dumps({**course, "columns": columns}, indent=1) + "\n"
    if text != before:
        write_file(file, text)


def course_key(claims: Mapping[str, Any]) -> str:
    """Return our name for the launch's course: one for each issuer, deployment and context."""
    course = _course(claims)
    who = "\0".join(course[name] for name in ("issuer", "deployment", "context"))
    return hashlib.sha256(who.encode()).hexdigest()[:12]


def module_of(claims: Mapping[str, Any]) -> str:
    """Return the module that a launch opens: from its address, or from a deep link's parameter, or none."""
    page = MODULE_PAGE.search(urlsplit(text_of(claims.get(f"{CLAIM}target_link_uri"))).path)
    said = text_of(_part(claims, f"{CLAIM}custom").get(MODULE))
    return page[1] if page else said if MODULE_NAME.fullmatch(said) else ""


def _column(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return the column of the launched assignment, by the module that it opens."""
    address, module = text_of(_part(claims, GRADES).get("lineitem")), module_of(claims)
    return {module: address} if module and address else {}


def _course(claims: Mapping[str, Any]) -> dict[str, str]:
    context, link = _part(claims, f"{CLAIM}context"), _part(claims, f"{CLAIM}resource_link")
    return {
        "issuer": text_of(claims.get("iss")),
        "deployment": text_of(claims.get(f"{CLAIM}deployment_id")),
        "context": text_of(context.get("id")),
        "title": text_of(context.get("title") or context.get("label")),
        "members_url": text_of(_part(claims, MEMBERS).get("context_memberships_url")),
        "line_items_url": text_of(_part(claims, GRADES).get("lineitems")),
        "resource_link": text_of(link.get("id")),
    }


def _part(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = claims.get(name)
    return part if isinstance(part, dict) else {}


def text_of(value: object) -> str:
    """Return text, cut to a length that is enough for any name or address, and "" for everything else."""
    return value[:2000] if isinstance(value, str) else ""


def write_file(file: Path, text: str) -> None:
    """Put a whole file in place that only this user may read."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=".")
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
    Path(temporary).replace(file)
