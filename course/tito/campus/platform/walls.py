"""Send a request to an address that a stranger has named, but to nothing on this network or this machine.

Requests go over https, to public addresses only. A name is resolved once, and the address that was checked is the one
that is connected to, so a name that points elsewhere a moment later gains nothing. No redirect is followed, and an
answer is read up to a size, within a time that includes resolving, connecting and dripping bytes.
"""

import asyncio
import ipaddress
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tito.campus.platform.addresses import authorities
from tito.campus.platform.errors import PlatformRefused, PlatformSilent, PlatformUntrue

LARGEST_BYTES = 256 * 1024  # a configuration has a few thousand
MOST_SECONDS = 15.0
PORT = 443
NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))  # RFC 6052, RFC 8215


async def resolve(host: str, port: int) -> list[str]:
    """Return all addresses of a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def is_public(address: str) -> bool:
    """Tell whether an address is public: not this machine's, this network's, a cloud's, or one inside another."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (_carries_another(ip) or ip.is_site_local):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _carries_another(ip: ipaddress.IPv6Address) -> bool:
    """Tell whether a gateway would forward to an IPv4 address contained in this one."""
    return bool(ip.ipv4_mapped or ip.sixtofour or any(ip in network for network in NAT64))


@dataclass(frozen=True)
class Walls:
    """The limits of a request to a stranger's address; the defaults are for a Hub."""

    resolve: Callable[[str, int], Awaitable[list[str]]] = resolve
    may_ask: Callable[[str], bool] = is_public
    certificates: ssl.SSLContext = field(default_factory=authorities)
    seconds: float = MOST_SECONDS
    headers: dict[str, str] = field(
        default_factory=lambda: {"Accept": "application/json", "Accept-Encoding": "identity"}
    )

    async def get(self, url: str) -> Any:
        """Return the JSON at an address; raise PlatformUntrue, PlatformRefused or PlatformSilent."""
        return await self._within("GET", url, {}, None)

    async def post(self, url: str, body: Any, bearer: str = "") -> Any:
        """Send JSON and return the JSON that is answered."""
        return await self._within("POST", url, {"Authorization": f"Bearer {bearer}"} if bearer else {}, body)

    async def check(self, url: str) -> str:
        """Return the address to connect to; raise PlatformUntrue if it may not be asked."""
        parts = _parts(url)
        try:
            found = await self.resolve(parts.raw_host.decode(), parts.port or PORT)
        except OSError as error:
            raise PlatformUntrue(f"{url!r}: the name {parts.host!r} can't be resolved ({error})") from error
        if not found or not all(map(self.may_ask, found)):
            raise PlatformUntrue(f"{url!r} leads to {', '.join(found)}, but this Hub asks only public addresses")
        return found[0]

    async def _within(self, method: str, url: str, headers: dict[str, str], body: Any) -> Any:
        try:
            async with asyncio.timeout(self.seconds):
                return await self._ask(method, url, headers, body)
        except TimeoutError:
            raise PlatformSilent(f"{url!r} has not answered within {self.seconds:g} s") from None
        except httpx.HTTPError as error:
            raise PlatformSilent(f"{url!r} does not answer ({type(error).__name__}: {error})") from error

    async def _ask(self, method: str, url: str, headers: dict[str, str], body: Any) -> Any:
        parts, address = _parts(url), await self.check(url)
        given = {**self.headers, **headers, "Host": parts.netloc.decode()}
        named = {"sni_hostname": parts.raw_host.decode()}  # the certificate is for the name, not the address
        async with (
            httpx.AsyncClient(trust_env=False, verify=self.certificates, timeout=self.seconds) as client,
            client.stream(
                method,
                parts.copy_with(host=address),
                json=body,
                headers=given,
                extensions=named,
                follow_redirects=False,
            ) as answer,
        ):
            return await _read(url, answer)


def _parts(url: str) -> httpx.URL:
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise PlatformUntrue(f"{url[:200]!r} is not an address: {error}") from error
    if parts.scheme != "https" or not parts.host or parts.userinfo:
        raise PlatformUntrue(f"{url[:200]!r} must be https://..., without a user name in it")
    return parts


async def _read(url: str, answer: httpx.Response) -> Any:
    if answer.has_redirect_location:
        there = answer.headers["Location"][:200]
        raise PlatformUntrue(f"{url!r} redirects to {there!r}, which is not followed: give that address itself")
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise PlatformUntrue(f"{url!r} answers with compressed content, which was not requested")
    text = bytearray()
    async for part in answer.aiter_raw():
        text += part
        if len(text) > LARGEST_BYTES:
            raise PlatformUntrue(f"{url!r} answers with more than {LARGEST_BYTES} bytes")
    if not answer.is_success:
        said = text[:200].decode("utf-8", "replace")
        raise PlatformRefused(f"{url!r} answered {answer.status_code} {said}", answer.status_code)
    try:
        return json.loads(text)
    except ValueError:
        raise PlatformUntrue(f"{url!r} does not answer with JSON") from None
