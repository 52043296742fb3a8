"""How tests ask what they have started themselves: past any proxy, and without TLS.

Without TLS there is nobody to believe, and httpx would read all authorities for each client, also for a call of
`httpx.get`: 20 ms of processor time, which a loop that waits for a service takes from its start.
"""

from typing import Any

PLAIN: dict[str, Any] = {"trust_env": False, "verify": False}
