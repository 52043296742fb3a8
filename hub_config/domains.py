"""The Hub's half of a domain for every server: which domain is whose, and where people may log in."""

import re

from jupyterhub.utils import subdomain_hook_idna
from tornado.web import RedirectHandler

from hub_config.origins import has_host_cookies
from hub_config.settings import Settings
from hub_config.sign_in.refusals import SignInRefused


def apply_domains(c, settings: Settings) -> None:
    """Give every server a domain of its own, and keep logins off those domains."""
    if not settings.subdomain_host:
        return
    c.JupyterHub.subdomain_host = settings.subdomain_origin
    c.JupyterHub.subdomain_hook = domain_of
    # A page on NAME.host may set cookies for all of host; browsers take these names from the host itself alone.
    c.JupyterHub.cookie_host_prefix_enabled = has_host_cookies(settings)
    c.Authenticator.post_auth_hook = only_at_the_hub
    # JupyterLab's Course List looks for the formgrader at the server's own address, which leads here.
    lost = (
        rf"/services/{re.escape(settings.course)}/lab",
        RedirectHandler,
        {"url": f"{settings.base_path}services/formgrader/"},
    )
    c.JupyterHub.extra_handlers = [*c.JupyterHub.get("extra_handlers", []), lost]


def domain_of(name: str, domain: str, kind: str) -> str:
    """Return the domain of a person's server, or of a service: services are ours, and stay on the Hub's own."""
    return domain if kind == "service" else subdomain_hook_idna(name, domain, kind)


def only_at_the_hub(authenticator, handler, auth_model: dict) -> dict:
    """Refuse a login at a server's address: the Hub answers there too, and its cookie would be the server's to use."""
    asked, hub = handler.request.host_name, handler.settings["domain"]
    if asked.lower() != hub:
        raise SignInRefused(
            403,
            "This is not the Hub's own address",
            f"Logging in works at {hub} only, and this page is at {asked}, which may be the address of somebody's "
            "server. Open the course by its own address; if a link brought you here, tell the course staff.",
            f"Login of {auth_model.get('name')!r} at {asked!r} refused: the Hub is {hub!r}",
        )
    return auth_model
