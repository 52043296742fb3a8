"""Which addresses of a platform may be asked: over https, and the next page on the same server as the first.

A bearer token goes to each of them, so nobody else may have put one there. Without https only a platform on this
machine is asked, as in tests.
"""

import ssl
from urllib.parse import urlsplit

import httpx

from tito.campus.platform.errors import PlatformUntrue

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_address(url: str) -> None:
    """Raise PlatformUntrue for an address to which no token may go."""
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not safe or not parts.hostname or parts.username is not None:
        raise PlatformUntrue(
            f"the platform named {url!r} as an address of its services, but it must be https://..., without a user "
            "name in it: ask the platform's administrator"
        )


def check_next(first: str, following: str, seen: set[str]) -> None:
    """Raise PlatformUntrue for a next page that is elsewhere, or was already read."""
    check_address(following)
    one, other = urlsplit(first), urlsplit(following)
    if (one.scheme, one.netloc) != (other.scheme, other.netloc):
        raise PlatformUntrue(f"the platform's next page, {following!r}, is on another server than the first, {first!r}")
    if following in seen:
        raise PlatformUntrue(f"the platform's pages form a loop: {following!r} was already read")


def with_query(url: str, words: str) -> str:
    """Add words to an address's query; it may already have one."""
    return f"{url}{'&' if urlsplit(url).query else '?'}{words}"


def authorities() -> ssl.SSLContext:
    """Trust the authorities that every client trusts, and those of this machine: a university may have its own."""
    trusted = httpx.create_ssl_context(trust_env=False)
    trusted.load_default_certs()
    return trusted
