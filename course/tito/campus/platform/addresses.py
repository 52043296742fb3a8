"""Which addresses of a platform are asked: over https, and the next page where the first one was.

A bearer token goes to each of them, so none may be one that somebody else put there. Without https only a platform on
this machine is asked, as tests have one.
"""

from urllib.parse import urlsplit

from tito.campus.platform.errors import PlatformUntrue

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_address(url: str) -> None:
    """Raise PlatformUntrue for an address to which no token may go."""
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not safe or not parts.hostname or parts.username is not None:
        raise PlatformUntrue(
            f"the platform named {url!r} as an address of its services: it must be https://..., without a user's name "
            "in it; ask the platform's administrator"
        )


def check_next(first: str, following: str, seen: set[str]) -> None:
    """Raise PlatformUntrue for a next page that is elsewhere, or was read before."""
    check_address(following)
    one, other = urlsplit(first), urlsplit(following)
    if (one.scheme, one.netloc) != (other.scheme, other.netloc):
        raise PlatformUntrue(f"the platform's next page is at another place, {following!r}, than the first, {first!r}")
    if following in seen:
        raise PlatformUntrue(f"the platform's pages go round in a circle: {following!r} was read before")


def with_query(url: str, words: str) -> str:
    """Add words to an address's query, which it may have already."""
    return f"{url}{'&' if urlsplit(url).query else '?'}{words}"
