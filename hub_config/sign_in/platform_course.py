"""What sign-in and the campus service tell each other, in files of `var/campus`: each has one writer.

`people.json` is the campus service's: whom the platform calls which subject. `launched/` is sign-in's: the platform's
courses from which somebody has come, with the addresses of their services and the columns of assignments there that
open a module's page; which of these courses is ours an instructor says.
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
MOST_COURSES = 500  # a platform that launches from more is asked about none of the others
MOST_COLUMNS = 200
MODULE_PAGE = re.compile(r"/services/home/modules/([a-z0-9_]{1,64})/?$")
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
MEMBERS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
GRADES = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"


class NotTheirName(ValueError):
    """A launch claims a name that belongs to another account of the platform."""


def check_name(folder: Path, claims: Mapping[str, Any], name: str) -> str:
    """Return the name of whoever launches: the one that their subject has, else `name` if nobody else has it.

    Raise NotTheirName for a name of somebody else: an address may be given to another person, a subject never is.
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
    """Keep where the services of the launch's course are, if the platform says so."""
    course = _course(claims)
    if not course["context"] or not (course["members_url"] or course["line_items_url"]):
        return
    who = "\0".join(course[name] for name in ("issuer", "deployment", "context"))
    file = folder / LAUNCHED / f"{hashlib.sha256(who.encode()).hexdigest()[:12]}.json"
    before = file.read_text("utf-8") if file.is_file() else ""
    if not before and len(list(file.parent.glob("*.json"))) >= MOST_COURSES:
        return
    columns = json.loads(before).get("columns", {}) if before else {}
    if len(columns) < MOST_COLUMNS:
        columns |= _column(claims)
    text = json.dumps({**course, "columns": columns}, indent=1) + "\n"
    if text != before:
        _write(file, text)


def _column(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return the column of the assignment that was launched, by the module whose page it opens."""
    address = _text(_part(claims, GRADES).get("lineitem"))
    page = MODULE_PAGE.search(urlsplit(_text(claims.get(f"{CLAIM}target_link_uri"))).path)
    return {page[1]: address} if page and address else {}


def _course(claims: Mapping[str, Any]) -> dict[str, str]:
    context, link = _part(claims, f"{CLAIM}context"), _part(claims, f"{CLAIM}resource_link")
    return {
        "issuer": _text(claims.get("iss")),
        "deployment": _text(claims.get(f"{CLAIM}deployment_id")),
        "context": _text(context.get("id")),
        "title": _text(context.get("title") or context.get("label")),
        "members_url": _text(_part(claims, MEMBERS).get("context_memberships_url")),
        "line_items_url": _text(_part(claims, GRADES).get("lineitems")),
        "resource_link": _text(link.get("id")),
    }


def _part(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = claims.get(name)
    return part if isinstance(part, dict) else {}


def _text(value: object) -> str:
    return value[:2000] if isinstance(value, str) else ""


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=".")
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
    Path(temporary).replace(file)
