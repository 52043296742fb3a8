"""Register this Hub at a platform whose administrator has the operator's one-time address.

`invitations/` holds what the operator made (the hash of each token), `registered.json` is what came of it. It takes
effect when the operator has said yes to it on the Hub's machine: whoever is our platform says who people are.
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
    """A token that is none, has ended, or was used."""


@dataclass(frozen=True)
class Registering:
    """What answers a platform's administrator; nothing is asked of anybody before the token is right."""

    folder: Path
    tool: Tool
    walls: Walls

    async def register(self, token: str, configuration_url: str, registration_token: str) -> dict[str, str]:
        """Register at the platform that describes itself there; return what the operator has to confirm."""
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
        """Use a token up; raise NotInvited for all but the first of those who come with it."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        file = self.folder / INVITATIONS / f"{digest}.json"
        if not TOKEN.fullmatch(token) or not file.is_file():
            raise NotInvited(f"this address was used already, or was never given: {NEW_ONE}")
        try:
            until = json.loads(file.read_text("utf-8"))["until"]
            file.unlink()  # of those who come at once, one alone gets past this
        except FileNotFoundError:
            raise NotInvited(f"this address was used already: {NEW_ONE}") from None
        if until <= time.time():
            raise NotInvited(f"this address has ended: {NEW_ONE}")


def tool_of(home_url: str) -> Tool:
    """Return this Hub as a tool, from the address of its home page."""
    root = home_url.removesuffix("services/home/")
    return Tool(f"TinyTorch ({urlsplit(root).netloc})", root)
