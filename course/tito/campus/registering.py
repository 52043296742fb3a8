"""Register this Hub at a platform whose administrator has the operator's one-time address.

`invitations/` has what the operator made (the hash of each token), `registered.json` has the result. It takes effect
when the operator confirms it on the Hub's machine, because our platform says who people are.
"""

import hashlib
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tito.atomic import write_atomically
from tito.campus.platform.errors import PlatformRefused
from tito.campus.platform.registration import Tool, read_configuration, read_registration
from tito.campus.platform.walls import Walls

INVITATIONS, REGISTERED = "invitations", "registered.json"
TOKEN = re.compile(r"[A-Za-z0-9_-]{20,100}")
NEW_ONE = "ask the Hub's operator for a new address (`python -m hub_config platform --invite`)"


class NotInvited(PlatformRefused):
    """A token that is unknown, expired or used."""


@dataclass(frozen=True)
class Registering:
    """Answers a platform's administrator; no request is sent to anybody before the token is checked."""

    folder: Path
    tool: Tool
    walls: Walls

    async def register(self, token: str, configuration_url: str, registration_token: str) -> dict[str, str]:
        """Register at the platform described at that address; return what the operator has to confirm."""
        self._use_up(token)
        platform = read_configuration(await self.walls.get(configuration_url), configuration_url)
        for url in platform.endpoints():
            await self.walls.check(url)
        said = await self.walls.post(platform.registration_endpoint, self.tool.as_registration(), registration_token)
        client_id, deployment = read_registration(said)
        facts = {
            "issuer": platform.issuer,
            "client_id": client_id,
            "authorize_url": platform.authorization_endpoint,
            "token_url": platform.token_endpoint,
            "jwks_url": platform.jwks_uri,
            "deployment": deployment,
            "product": platform.product,
        }
        write_atomically(self.folder / REGISTERED, json.dumps(facts, indent=1) + "\n", mode=0o600)
        return facts

    def _use_up(self, token: str) -> None:
        """Use up a token; raise NotInvited for everybody but the first to come with it."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        file = self.folder / INVITATIONS / f"{digest}.json"
        if not TOKEN.fullmatch(token) or not file.is_file():
            raise NotInvited(f"this address was already used, or never existed: {NEW_ONE}")
        try:
            until = json.loads(file.read_text("utf-8"))["until"]
            file.unlink()  # of several who come at the same time, only one gets past this
        except FileNotFoundError:
            raise NotInvited(f"this address was already used: {NEW_ONE}") from None
        if until <= time.time():
            raise NotInvited(f"this address has expired: {NEW_ONE}")


def tool_of(home_url: str) -> Tool:
    """Return this Hub as a tool, from the address of its home page."""
    root = home_url.removesuffix("services/home/")
    return Tool(f"TinyTorch ({urlsplit(root).netloc})", root)
