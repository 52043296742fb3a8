"""Ways to log in elsewhere: at an OAuth 2 provider or a learning platform, which says who a person is.

A provider's client secret is a file, `var/secrets/oauth-client-secret`; a platform signs, so it has none.
"""

from hub_config.settings import Settings, SettingsError
from hub_config.sign_in.platform_course import CAMPUS_FOLDER

CLIENT_SECRET = "oauth-client-secret"
CALLBACK = "/hub/oauth_callback"


def github(c, settings: Settings) -> None:
    """Log in with GitHub."""
    _provider(c, settings, "GitHub")


def google(c, settings: Settings) -> None:
    """Log in with Google, with an account of one domain."""
    _provider(c, settings, "Google")
    c.Google.hosted_domain = [settings.sign_in.hosted_domain]


def any_provider(c, settings: Settings) -> None:
    """Log in with any OAuth 2 provider."""
    own = settings.sign_in
    _provider(c, settings, "Provider")
    c.OAuthenticator.authorize_url, c.OAuthenticator.token_url = own.authorize_url, own.token_url
    c.OAuthenticator.userdata_url, c.OAuthenticator.username_claim = own.userdata_url, own.username_claim
    c.Provider.scope = ["openid", "profile", "email"]
    c.Provider.domain = own.hosted_domain


def _provider(c, settings: Settings, name: str) -> None:
    own = settings.sign_in
    c.JupyterHub.authenticator_class = f"hub_config.sign_in.oauth.{name}"
    c.OAuthenticator.client_id = own.client_id
    c.OAuthenticator.client_secret = _client_secret(settings)
    c.OAuthenticator.oauth_callback_url = settings.public_url + CALLBACK
    if own.login_service:
        c.OAuthenticator.login_service = own.login_service


def platform(c, settings: Settings) -> None:
    """Log in from a learning platform with LTI 1.3; it signs, so there is no secret here."""
    own = settings.sign_in
    if settings.awaits_platform:
        c.JupyterHub.authenticator_class = "hub_config.sign_in.awaiting.NoPlatformYet"
        return
    c.JupyterHub.authenticator_class = "hub_config.sign_in.lti.Platform"
    c.LTI13Authenticator.client_id = [own.client_id]
    c.LTI13Authenticator.issuer = own.issuer
    c.LTI13Authenticator.authorize_url = own.authorize_url
    c.LTI13Authenticator.jwks_endpoint = own.jwks_url
    c.LTI13Authenticator.username_key = own.username_claim
    c.LTI13Authenticator.uri_scheme = settings.public_url.partition(":")[0]
    c.LTI13Authenticator.tool_name = settings.title
    c.LTI13Authenticator.tool_description = "Build a deep-learning framework, module by module"
    c.Platform.domain, c.Platform.public_url = own.hosted_domain, settings.public_url
    c.Platform.campus_folder = str(settings.var / CAMPUS_FOLDER)


def told_platform(settings: Settings) -> list[str]:
    if settings.awaits_platform:
        return [
            "No learning platform is known yet, so nobody can log in. Set one (HUB_SIGN_IN__..., docs/campus.md), or",
            "let its administrator register this Hub: python -m hub_config platform --invite",
        ]
    return told_by_name(settings)


def told_by_name(settings: Settings) -> list[str]:
    where = settings.sign_in.login_service or settings.authenticator
    return [f"People on the roster log in by {where}."]


def _client_secret(settings: Settings) -> str:
    file = (settings.given_secrets or settings.secrets) / CLIENT_SECRET
    if not file.is_file() or not file.read_text("utf-8").strip():
        raise SettingsError(f"the provider's client secret is missing: write it into {file}, with mode 0600")
    return file.read_text("utf-8").strip()
