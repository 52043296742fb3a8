"""The Hub's part in giving every server its own domain: which domain is whose, and where people may log in."""

import re

from jupyterhub.utils import subdomain_hook_idna
from tornado.web import RedirectHandler

from hub_config.origins import has_host_cookies
from hub_config.settings import Settings
from hub_config.sign_in.refusals import SignInRefused


def apply_domains(c, settings: Settings) -> None:
    """Give every server its own domain, and keep logins off those domains."""
    if not settings.subdomain_host:
        return
    c.JupyterHub.subdomain_host = settings.subdomain_origin
    c.JupyterHub.subdomain_hook = domain_of
    # A page on NAME.host may set cookies for all of host; browsers accept these names only from the host itself.
    c.JupyterHub.cookie_host_prefix_enabled = has_host_cookies(settings)
    c.Authenticator.post_auth_hook = only_at_the_hub
    # JupyterLab's Course List looks for the formgrader at the server's own address, which redirects here.
    lost = (
        rf"/services/{re.escape(settings.course)}/lab",
        RedirectHandler,
        {"url": f"{settings.base_path}services/formgrader/"},
    )
    c.JupyterHub.extra_handlers = [*c.JupyterHub.get("extra_handlers", []), lost]


def domain_of(name: str, domain: str, kind: str) -> str:
    """Return the domain of a person's server, or of a service: services are ours and stay on the Hub's own domain."""
    return domain if kind == "service" else subdomain_hook_idna(name, domain, kind)


def only_at_the_hub(authenticator, handler, auth_model: dict) -> dict:
    """Refuse a login at a server's address: the Hub answers there too, and the server could use its cookie."""
    asked, hub = handler.request.host_name, handler.settings["domain"]
    if asked.lower() != hub:
        raise SignInRefused(
            403,
            "This is not the Hub's own address",
            f"You can log in only at {hub}, but this page is at {asked}, which may be the address of somebody's "
            "server. Open the course by its own address; if a link brought you here, tell the course staff.",
            f"Login of {auth_model.get('name')!r} at {asked!r} refused: the Hub is {hub!r}",
        )
    return auth_model
