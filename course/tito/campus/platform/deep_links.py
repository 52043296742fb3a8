"""Deep Linking 2.0: links that a person chose here, signed, for the platform's course."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from tito.campus.platform.keys import ALGORITHM, Keys
from tito.campus.platform.line_items import TAG

CLAIM, DEEP_LINK = "https://purl.imsglobal.org/spec/lti/claim/", "https://purl.imsglobal.org/spec/lti-dl/claim/"
ANSWER_SECONDS = 300  # the browser takes it there immediately


@dataclass(frozen=True)
class LinkedColumn:
    """The column that a platform makes together with a link."""

    label: str
    maximum: float
    resource: str


@dataclass(frozen=True)
class ModuleLink:
    """A link in the platform's course; times are in the platform's format, and may be missing."""

    title: str
    text: str
    url: str
    custom: dict[str, str]
    opens: str | None = None
    due: str | None = None
    closes: str | None = None
    column: LinkedColumn | None = None

    def as_item(self) -> dict[str, Any]:
        """Return it as a content item."""
        available = {"startDateTime": self.opens, "endDateTime": self.closes}
        item: dict[str, Any] = {
            "type": "ltiResourceLink",
            "title": self.title,
            "text": self.text,
            "url": self.url,
            "custom": self.custom,
            "window": {"targetName": "_blank"},
            "available": {name: value for name, value in available.items() if value},
            "submission": {"endDateTime": self.due} if self.due else {},
        }
        if self.column:
            facts = {"label": self.column.label, "scoreMaximum": self.column.maximum, "tag": TAG}
            item["lineItem"] = facts | {"resourceId": self.column.resource}
        return {name: value for name, value in item.items() if value}


@dataclass(frozen=True)
class Asked:
    """Who asked for links: what an answer has to repeat."""

    issuer: str
    client_id: str
    deployment: str
    data: str | None = None


def sign_answer(keys: Keys, asked: Asked, links: Sequence[ModuleLink], now: float | None = None) -> str:
    """Return the signed answer; without links it says that nothing was chosen."""
    at = int(time.time() if now is None else now)
    claims: dict[str, Any] = {
        "iss": asked.client_id,
        "aud": asked.issuer,
        "iat": at,
        "exp": at + ANSWER_SECONDS,
        "nonce": secrets.token_urlsafe(24),
        f"{CLAIM}deployment_id": asked.deployment,
        f"{CLAIM}message_type": "LtiDeepLinkingResponse",
        f"{CLAIM}version": "1.3.0",
        f"{DEEP_LINK}content_items": [link.as_item() for link in links],
    }
    if asked.data is not None:
        claims[f"{DEEP_LINK}data"] = asked.data
    kid, key = keys.signing()
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": kid})
