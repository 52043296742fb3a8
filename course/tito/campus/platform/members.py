"""Names and Roles: who is in a platform's course."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tito.campus.platform.addresses import with_query
from tito.campus.platform.client import PlatformClient
from tito.campus.platform.errors import PlatformUntrue

SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
MEDIA = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
CUSTOM = "https://purl.imsglobal.org/spec/lti/claim/custom"
CUSTOM_PREFIX = "custom_"
# Our own parameter (`login=$User.username`). Moodle lists members without custom parameters, but with their user names.
LOGIN, MOODLES_LOGIN = "custom_login", "ext_user_username"
LEARNER = "Learner"


@dataclass(frozen=True)
class Member:
    """One person in a platform's course; `said` is what the platform says about them."""

    subject: str
    learns: bool
    active: bool
    last_name: str
    first_name: str
    email: str
    said: Mapping[str, Any]

    def claim(self, name: str) -> str:
        """Return what a launch of theirs would have as the claim `name`, "" if it would have none."""
        if name == "sub":
            return self.subject
        if name.startswith(CUSTOM_PREFIX):
            said = _text(_custom(self.said).get(name.removeprefix(CUSTOM_PREFIX)))
            return said or (_text(self.said.get(MOODLES_LOGIN)) if name == LOGIN else "")
        return _text(self.said.get(name))


def members(client: PlatformClient, url: str, claim: str = "", resource_link: str = "") -> list[Member]:
    """Return everybody in the course at `url`; a custom claim is sent only for a link in that course."""
    if claim.startswith(CUSTOM_PREFIX) and resource_link:
        url = with_query(url, f"rlid={quote(resource_link, safe='')}")
    return [_member(each) for page in client.pages(url, SCOPE, MEDIA) for each in _listed(page, url)]


def _listed(page: Any, url: str) -> Iterator[Mapping[str, Any]]:
    rows = page.get("members") if isinstance(page, dict) else None
    # A page that can't be read is never taken for a course without members.
    if not isinstance(rows, list) or not all(isinstance(row, dict) and _text(row.get("user_id")) for row in rows):
        raise PlatformUntrue(f"{url} did not answer with a list of members")
    yield from rows


def _member(said: Mapping[str, Any]) -> Member:
    roles = said.get("roles")
    learns = any(str(role).rpartition("#")[2] == LEARNER for role in (roles if isinstance(roles, list) else ()))
    active = _text(said.get("status")) in ("", "Active")
    names = _text(said.get("family_name")), _text(said.get("given_name"))
    return Member(_text(said["user_id"]), learns, active, *names, _text(said.get("email")), said)


def _custom(said: Mapping[str, Any]) -> Mapping[str, Any]:
    messages = said.get("message")
    for message in messages if isinstance(messages, list) else [messages]:
        if isinstance(message, dict) and isinstance(found := message.get(CUSTOM), dict):
            return found
    return {}


def _text(value: Any) -> str:
    return " ".join(str(value).split()) if isinstance(value, str | int) and not isinstance(value, bool) else ""
