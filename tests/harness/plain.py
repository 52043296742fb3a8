"""Settings of httpx for tests that call what they have started themselves: no proxy, and no TLS.

Without TLS there is no certificate to check, but httpx would still read all authorities for each client and each call
of `httpx.get`: 20 ms of processor time, which a loop that waits for a service would take from that service's start.
"""

from typing import Any

PLAIN: dict[str, Any] = {"trust_env": False, "verify": False}
