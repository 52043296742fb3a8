"""Which pages share an origin: Hub and services share one, and every person's server should have its own.

A student controls what the server under their name answers, so its pages are their program in the browser of whoever
opens them. With `subdomain_host`, these pages are on a separate domain, where they have nobody's login, can't read
the Hub's pages, and can't be mistaken for them. Without it, they act with the rights of the person who opens them.
"""

import socket
from urllib.parse import urlsplit

from hub_config.checks import NotReady
from hub_config.settings import Settings, is_ip

RISK = (
    "Students' servers share the origin of the Hub, the course's pages and the formgrader: a page that a student's "
    "server shows to a TA or an instructor can read and change grades with their rights"
)
ACCEPTED = f"ACCEPTED RISK (accept_shared_origin): {RISK}. The remedy is a domain for each server: docs/operator.md"
WARNING = (
    "Don't open links into students' servers (addresses with /user/ and another person's name) in this browser: what "
    "they show can act with your rights, and change grades. The operator has accepted this risk (accept_shared_origin)."
)


def check_origins(settings: Settings) -> list[str]:
    """Raise NotReady if students' pages could act as staff; return warnings for the operator."""
    if settings.subdomain_host:
        return [*_answered_by_somebody(settings), *_names_that_are_missing(settings)]
    if not settings.shares_origin:
        return []
    if settings.accept_shared_origin:
        return [ACCEPTED]
    raise NotReady(
        f"{RISK}. This Hub serves other machines ({settings.public_url}, listening on {settings.host}), so each server "
        f"needs its own domain: set HUB_SUBDOMAIN_HOST={_example(settings)}, with a wildcard in DNS and in the "
        "certificate (docs/operator.md, Domains). Or accept the risk: HUB_ACCEPT_SHARED_ORIGIN=true"
    )


def _example(settings: Settings) -> str:
    """Return the Hub's address if it has a name, since only a name can have subdomains."""
    own = urlsplit(settings.url).hostname or "localhost"
    return "https://hub.example.org" if is_ip(own) or own == "localhost" else settings.url.rstrip("/")


def _answered_by_somebody(settings: Settings) -> list[str]:
    if settings.public_url.startswith("https://") and not (settings.url or settings.tls_key):
        raise NotReady(
            f"subdomain_host is {settings.subdomain_host}, but nothing answers https: give certificates (HUB_TLS_KEY, "
            f"HUB_TLS_CERT), or HUB_URL={settings.subdomain_origin} where a reverse proxy in front does"
        )
    return []


def _names_that_are_missing(settings: Settings) -> list[str]:
    """Warn if this machine can't resolve the wildcard; its DNS may differ from the browsers'."""
    host = urlsplit(settings.public_url).hostname or ""
    if host.endswith(".localhost"):  # browsers resolve these without DNS
        return []
    for name in (host, f"a-server.{host}"):
        try:
            socket.getaddrinfo(name, None)
        except OSError as error:
            wanted = host if name == host else f"*.{host}"
            return [f"DNS can't resolve {name} ({error}): servers can't be opened without an entry for {wanted}"]
    return []


def has_host_cookies(settings: Settings) -> bool:
    """Tell whether logins are kept in `__Host-` cookies, which need https and are sent to all paths on their host."""
    return settings.subdomain_origin.startswith("https://")
