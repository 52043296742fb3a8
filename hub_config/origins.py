"""Which pages are of one origin: Hub and services together, every person's server by itself.

A student decides what the server under their name answers, so a page of it is their program in the browser of whoever
opens it. With `subdomain_host` that page stands on a domain of its own, where it has nobody's login, reads nothing of
the Hub's, and can't be taken for it. Without, it acts with the rights of the person who looks at it.
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
    """Raise NotReady where students' pages could act as staff; return what the operator should know."""
    if settings.subdomain_host:
        return [*_answered_by_somebody(settings), *_names_that_are_missing(settings)]
    if not settings.shares_origin:
        return []
    if settings.accept_shared_origin:
        return [ACCEPTED]
    raise NotReady(
        f"{RISK}. This Hub is for other machines ({settings.public_url}, listening on {settings.host}), so each server "
        f"needs a domain of its own: set HUB_SUBDOMAIN_HOST={_example(settings)}, with a wildcard in DNS and in the "
        "certificate (docs/operator.md, Domains). Or accept the risk: HUB_ACCEPT_SHARED_ORIGIN=true"
    )


def _example(settings: Settings) -> str:
    """Return the Hub's address if it is by a name, which alone can have subdomains."""
    own = urlsplit(settings.url).hostname or "localhost"
    return "https://hub.example.org" if is_ip(own) or own == "localhost" else settings.url.rstrip("/")


def _answered_by_somebody(settings: Settings) -> list[str]:
    if settings.public_url.startswith("https://") and not (settings.url or settings.tls_key):
        raise NotReady(
            f"subdomain_host is {settings.subdomain_host}, and nothing answers https: give certificates (HUB_TLS_KEY, "
            f"HUB_TLS_CERT), or HUB_URL={settings.subdomain_origin} where a reverse proxy in front does"
        )
    return []


def _names_that_are_missing(settings: Settings) -> list[str]:
    """Warn of a wildcard that this machine does not find; its DNS may be another than the browsers'."""
    host = urlsplit(settings.public_url).hostname or ""
    if host.endswith(".localhost"):  # browsers know them without DNS
        return []
    for name in (host, f"a-server.{host}"):
        try:
            socket.getaddrinfo(name, None)
        except OSError as error:
            wanted = host if name == host else f"*.{host}"
            return [f"DNS has no {name} ({error}): servers can't be opened without an entry for {wanted}"]
    return []


def has_host_cookies(settings: Settings) -> bool:
    """Tell whether logins are kept in `__Host-` cookies, which need https and are sent to all paths of their host."""
    return settings.subdomain_origin.startswith("https://")
