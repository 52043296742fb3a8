"""What a platform's administrator enters for this Hub by hand: the fields of its form, and Canvas' key as JSON."""

from typing import Any
from urllib.parse import urlsplit

AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
SCOPES = {
    f"{AGS}lineitem": "make and read columns of the gradebook",
    f"{AGS}score": "give scores",
    f"{AGS}result.readonly": "read results",
    "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly": "read a course's members",
}
CHOOSES = ("assignment_selection", "link_selection")  # where in Canvas a teacher chooses modules


def tool_form(public_url: str) -> dict[str, str]:
    """Return the fields by their usual names; `public_url` is the Hub's address without a slash at its end."""
    return {
        "Target link": f"{public_url}/",
        "Login address (initiate login)": f"{public_url}/hub/lti13/oauth_login",
        "Redirect address": f"{public_url}/hub/lti13/oauth_callback",
        "Public keys (JWKS)": f"{public_url}/services/campus/keys",
        "Deep linking address (content selection)": f"{public_url}/",
        "Custom parameter": "login=$User.username (Canvas: login=$Canvas.user.loginId)",
        "Scopes": " ".join(SCOPES),
    }


def canvas_key(public_url: str, title: str) -> dict[str, Any]:
    """Return the JSON for Canvas' *Developer Keys*, *LTI Key*, method *Paste JSON*."""
    form, target = tool_form(public_url), f"{public_url}/"
    course = {"placement": "course_navigation", "message_type": "LtiResourceLinkRequest", "windowTarget": "_blank"}
    chooses = [{"placement": name, "message_type": "LtiDeepLinkingRequest"} for name in CHOOSES]
    placements = [{**each, "target_link_uri": target, "text": title, "enabled": True} for each in (course, *chooses)]
    return {
        "title": title,
        "description": "Build a deep-learning framework, module by module",
        "oidc_initiation_url": form["Login address (initiate login)"],
        "target_link_uri": target,
        "public_jwk_url": form["Public keys (JWKS)"],
        "scopes": list(SCOPES),
        "custom_fields": {"login": "$Canvas.user.loginId"},
        "extensions": [
            {
                "platform": "canvas.instructure.com",
                "domain": urlsplit(public_url).netloc,
                "tool_id": "tinytorch",
                "privacy_level": "public",
                "settings": {"text": title, "placements": placements},
            }
        ],
    }
