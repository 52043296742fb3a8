"""The page that a platform's administrator sees for dynamic registration, inside the platform's own page."""

import html
import secrets
from string import Template
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from tito.campus.registering import Registering
from tito.errors import TitoError

router = APIRouter()
PAGE = Template("""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style nonce="$nonce">
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
button { font: inherit; padding: 0.4rem 1rem; }</style></head>
<body><main><h1>$title</h1><p role="$role">$text</p>$rest</main></body>
</html>
""")
CLOSE = Template("""<p><button type="button" id="close">Close</button></p>
<script nonce="$nonce">
document.getElementById("close").addEventListener("click", () => {
  (window.opener || window.parent).postMessage({ subject: "org.imsglobal.lti.close" }, "$platform");
});
</script>""")
DONE = (
    "{issuer} has registered this Hub as {client_id}. This takes effect when the Hub's operator has confirmed it "
    "(python -m hub_config platform --yes) and restarted the Hub: please tell them. You can close this page."
)
NOTHING_ASKED = (
    "Paste this address into your learning platform, where it registers tools by their address. Nothing was "
    "registered, and the address is still valid."
)


@router.get("/register/{token}")
async def register(
    request: Request,
    token: str,
    configuration: Annotated[str, Query(alias="openid_configuration", max_length=2000)] = "",
    registration_token: Annotated[str, Query(max_length=8000)] = "",
) -> HTMLResponse:
    """Register this Hub at the platform whose page this is in; the token can be used once."""
    registering: Registering = request.app.state.registering
    if not configuration:
        return _page(400, "Open this from your learning platform", NOTHING_ASKED)
    try:
        facts = await registering.register(token, configuration, registration_token)
    except TitoError as error:
        return _page(403, "This Hub was not registered", f"{str(error)[:1].upper()}{str(error)[1:]}.")
    return _page(200, "This Hub is registered", DONE.format(**facts), facts["issuer"])


def _page(status: int, title: str, text: str, issuer: str = "") -> HTMLResponse:
    """Return a page for a frame on the platform; its close button sends its message only to the platform registered."""
    nonce, platform = secrets.token_urlsafe(16), f"https://{urlsplit(issuer).netloc}" if issuer else ""
    rest = CLOSE.substitute(nonce=nonce, platform=html.escape(platform)) if platform else ""
    words = {"title": html.escape(title), "text": html.escape(text), "role": "status" if platform else "alert"}
    rules = f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; base-uri 'none'"
    headers = {
        "Content-Security-Policy": f"{rules}; form-action 'none'; frame-ancestors {platform or 'https:'}",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(PAGE.substitute(**words, nonce=nonce, rest=rest), status, headers)
