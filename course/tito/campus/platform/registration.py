"""Dynamic Registration 1.0: read a platform's description, describe this Hub to it, and read the Hub's id there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from tito.campus.platform import line_items, members, scores
from tito.campus.platform.errors import PlatformUntrue

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
SCOPES = (line_items.SCOPE, scores.SCOPE, scores.RESULTS_SCOPE, members.SCOPE)
CLAIMS = ("iss", "sub", "name", "given_name", "family_name", "email")
LONGEST = 2000
ISSUER = re.compile(r"https://[A-Za-z0-9.:\[\]-]+(/[^\s\"'<>\\;,]*)?")  # it becomes a part of a page and of its policy
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint")


@dataclass(frozen=True)
class PlatformConfiguration:
    """The addresses at which a platform is asked."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    registration_endpoint: str
    product: str = ""

    def endpoints(self) -> list[str]:
        return [getattr(self, name) for name in ENDPOINTS]


@dataclass(frozen=True)
class Tool:
    """This Hub, as a platform registers it."""

    name: str
    root: str  # the Hub's public address, with a slash at its end

    def addresses(self) -> dict[str, str]:
        """Return the addresses of LTI, under their names in a registration."""
        return {
            "initiate_login_uri": f"{self.root}hub/lti13/oauth_login",
            "redirect_uri": f"{self.root}hub/lti13/oauth_callback",
            "jwks_uri": f"{self.root}services/campus/keys",
            "target_link_uri": self.root,
        }

    def as_registration(self) -> dict[str, Any]:
        """Return what is sent to a platform."""
        own = self.addresses()
        messages = [{"type": "LtiResourceLinkRequest"}, self._deep_linking(own["target_link_uri"])]
        return {
            "application_type": "web",
            "response_types": ["id_token"],
            "grant_types": ["implicit", "client_credentials"],
            "token_endpoint_auth_method": "private_key_jwt",
            "client_name": self.name,
            "initiate_login_uri": own["initiate_login_uri"],
            "redirect_uris": [own["redirect_uri"]],
            "jwks_uri": own["jwks_uri"],
            "scope": " ".join(SCOPES),
            TOOL: {
                "domain": urlsplit(self.root).netloc,
                "target_link_uri": own["target_link_uri"],
                "custom_parameters": {"login": "$User.username"},
                "claims": list(CLAIMS),
                "messages": messages,
            },
        }

    def _deep_linking(self, target: str) -> dict[str, str]:
        return {"type": "LtiDeepLinkingRequest", "target_link_uri": target, "label": f"{self.name}: choose modules"}


def read_configuration(said: Any, url: str) -> PlatformConfiguration:
    """Return a platform's description at `url`; raise PlatformUntrue if it is not acceptable.

    The issuer must be on the host of that address, as the standard demands: nobody can register as another's platform.
    """
    facts: Mapping[str, Any] = said if isinstance(said, dict) else {}
    wanted = {name: _address(facts, name) for name in ("issuer", *ENDPOINTS)}
    if _host(wanted["issuer"]) != _host(url):
        raise PlatformUntrue(
            f"the configuration at {url!r} is for the issuer {wanted['issuer']!r}, which must be on the same host. "
            "Register this Hub by hand (docs/campus.md)"
        )
    own = facts.get(PLATFORM)
    product = own.get("product_family_code") if isinstance(own, dict) else ""
    return PlatformConfiguration(**wanted, product=product[:80] if isinstance(product, str) else "")


def read_registration(said: Any) -> tuple[str, str]:
    """Return the client id that a platform has given this Hub, and the deployment if it names one."""
    facts: Mapping[str, Any] = said if isinstance(said, dict) else {}
    client_id, tool = facts.get("client_id"), facts.get(TOOL)
    if not isinstance(client_id, str) or not 0 < len(client_id) <= 255:
        raise PlatformUntrue("the platform registered this Hub but returned no client id")
    deployment = tool.get("deployment_id") if isinstance(tool, dict) else ""
    return client_id, deployment if isinstance(deployment, str) else ""


def _host(url: str) -> str:
    """Return host and port; raise PlatformUntrue for an address that a browser would read differently."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise PlatformUntrue(f"{url[:200]!r} is not an address: {error}") from error
    if parts.userinfo or not ISSUER.fullmatch(url.partition("?")[0]):
        raise PlatformUntrue(f"{url[:200]!r} is not a valid address for an issuer")
    return parts.netloc.decode().lower()


def _address(facts: Mapping[str, Any], name: str) -> str:
    value = facts.get(name)
    if not isinstance(value, str) or len(value) > LONGEST or not value.startswith("https://"):
        raise PlatformUntrue(
            f"the platform's configuration must have an https address as {name!r}, got {str(value)[:200]!r}"
        )
    return value
