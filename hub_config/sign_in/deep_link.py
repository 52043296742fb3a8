"""What a platform asks for in a deep linking launch: a file in `choosing/`, from which the campus service answers.

Everything in it is signed by the platform. It is valid for an hour, for one person, and for one answer.
"""

import ipaddress
import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hub_config.sign_in.platform_course import CLAIM, course_key, text_of, write_file

CHOOSING = "choosing"
HOUR_SECONDS = 3600.0
MOST_OPEN = 200  # choices that instructors make within one hour
LONGEST_ADDRESS = 4_000
LONGEST_DATA = 20_000  # the platform's own note, which it gets back
SETTINGS = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
REQUEST, LINK = "LtiDeepLinkingRequest", "ltiResourceLink"


class NotAnswerable(ValueError):
    """A deep linking launch that this Hub can't or must not answer."""


def is_choosing(claims: Mapping[str, Any]) -> bool:
    """Tell whether the platform asks for links and not for a page."""
    return claims.get(f"{CLAIM}message_type") == REQUEST


def note_choosing(folder: Path, claims: Mapping[str, Any], name: str, now: float | None = None) -> str:
    """Keep the platform's request, for `name` alone; return its key. Raise NotAnswerable if it can't be answered."""
    now = time.time() if now is None else now
    wanted = _wanted(claims) | {"name": name, "until": now + HOUR_SECONDS}
    if len(_still_open(folder / CHOOSING, now)) >= MOST_OPEN:
        raise NotAnswerable(f"{MOST_OPEN} choices are under way already: wait an hour")
    key = secrets.token_hex(16)
    write_file(folder / CHOOSING / f"{key}.json", json.dumps(wanted, indent=1) + "\n")
    return key


def _wanted(claims: Mapping[str, Any]) -> dict[str, Any]:
    settings = claims.get(SETTINGS)
    said: Mapping[str, Any] = settings if isinstance(settings, dict) else {}
    types, data, audience = said.get("accept_types"), said.get("data", ""), claims.get("aud")
    if not isinstance(types, list) or LINK not in types:
        raise NotAnswerable(f"the platform accepts {types!r} here, but this Hub gives {LINK}")
    if not isinstance(data, str) or len(data) > LONGEST_DATA:
        raise NotAnswerable(f"the platform's `data` is not a text of at most {LONGEST_DATA} characters")
    return {
        "course_key": course_key(claims),
        "issuer": text_of(claims.get("iss")),
        "client_id": text_of(claims.get("azp") or (audience[0] if isinstance(audience, list) else audience)),
        "deployment": text_of(claims.get(f"{CLAIM}deployment_id")),
        "return_url": check_return(said.get("deep_link_return_url")),
        "data": data if "data" in said else None,
        "multiple": said.get("accept_multiple") is True,
        "columns": said.get("accept_lineitem") is not False,
    }


def check_return(url: object) -> str:
    """Return an address to which an answer may go; without https only one on this machine, as in tests."""
    if not isinstance(url, str) or len(url) > LONGEST_ADDRESS:
        raise NotAnswerable(f"the platform gives no address of at most {LONGEST_ADDRESS} characters for the answer")
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
    if not safe or not parts.hostname or parts.username is not None:
        raise NotAnswerable(f"the platform wants the answer at {url!r}: it must be https://..., without a user in it")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _still_open(folder: Path, now: float) -> list[Path]:
    """Return the choices that are under way; those whose hour is over are deleted."""
    kept = []
    for path in folder.glob("*.json"):
        if path.stat().st_mtime + HOUR_SECONDS < now:
            path.unlink(missing_ok=True)
        else:
            kept.append(path)
    return kept
