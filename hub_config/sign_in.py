"""How people log in, by the setting `authenticator`; whom the semester file names may come in, whatever the way.

Secrets are files under `var/secrets`: `oauth-client-secret` comes from the provider, the others are made at first use.
"""

from collections.abc import Callable
from pathlib import Path

from hub_config.secret_files import read_or_create
from hub_config.settings import Settings, SettingsError

CLIENT_SECRET = "oauth-client-secret"
CALLBACK = "/hub/oauth_callback"
PROVIDERS = {
    "github": "oauthenticator.github.GitHubOAuthenticator",
    "google": "oauthenticator.google.GoogleOAuthenticator",
    "oauth": "oauthenticator.generic.GenericOAuthenticator",
}


def apply_sign_in(c, settings: Settings) -> None:
    """Set the chosen authenticator; raise SettingsError where one of its settings is missing."""
    c.Authenticator.allowed_users = {settings.operator}
    # People are added by the semester service; a name that it does not know stays outside.
    c.Authenticator.allow_existing_users = True
    WAYS[settings.authenticator](c, settings)


def generated_passwords(c, settings: Settings) -> None:
    """Give everybody a password of her own, kept in passwords.json."""
    from hub_config.authenticators import GeneratedPasswords

    c.JupyterHub.authenticator_class = GeneratedPasswords
    c.GeneratedPasswords.secrets_folder = str(settings.secrets)
    c.Authenticator.allow_all = True  # whom the Hub does not know has no password


def shared_password(c, settings: Settings) -> None:
    """Take one password for all, for demonstrations: whoever knows it can be anybody, staff too."""
    c.JupyterHub.authenticator_class = "jupyterhub.authenticators.shared.SharedPasswordAuthenticator"
    c.SharedPasswordAuthenticator.user_password = read_or_create(settings.secrets, "shared-password")


def native(c, settings: Settings) -> None:
    """Let people choose a password; the operator lets each in, at /hub/authorize."""
    c.JupyterHub.authenticator_class = "nativeauthenticator.NativeAuthenticator"
    c.Authenticator.admin_users = {settings.operator}
    c.NativeAuthenticator.open_signup = False
    c.NativeAuthenticator.minimum_password_length = 10
    c.NativeAuthenticator.check_common_password = True
    c.NativeAuthenticator.allowed_failed_logins = 5


def provider(c, settings: Settings) -> None:
    """Log in at GitHub, Google or any OAuth 2 provider."""
    own = settings.sign_in
    _require(settings, "client_id")
    c.JupyterHub.authenticator_class = PROVIDERS[settings.authenticator]
    c.OAuthenticator.client_id = own.client_id
    c.OAuthenticator.client_secret = _client_secret(settings.secrets)
    c.OAuthenticator.oauth_callback_url = settings.public_url + CALLBACK
    if settings.authenticator == "google" and own.hosted_domain:
        c.GoogleOAuthenticator.hosted_domain = [own.hosted_domain]
    if settings.authenticator == "oauth":
        _require(settings, "authorize_url", "token_url", "userdata_url", "username_claim")
        c.OAuthenticator.authorize_url, c.OAuthenticator.token_url = own.authorize_url, own.token_url
        c.OAuthenticator.userdata_url, c.OAuthenticator.username_claim = own.userdata_url, own.username_claim
        c.GenericOAuthenticator.scope = ["openid", "profile", "email"]


def lti13(c, settings: Settings) -> None:
    """Come from a learning platform with LTI 1.3; it signs, so there is no secret here."""
    own = settings.sign_in
    _require(settings, "client_id", "issuer", "authorize_url", "jwks_url", "username_claim")
    c.JupyterHub.authenticator_class = "ltiauthenticator.lti13.auth.LTI13Authenticator"
    c.LTI13Authenticator.client_id = [own.client_id]
    c.LTI13Authenticator.issuer = own.issuer
    c.LTI13Authenticator.authorize_url = own.authorize_url
    c.LTI13Authenticator.jwks_endpoint = own.jwks_url
    c.LTI13Authenticator.username_key = own.username_claim


WAYS: dict[str, Callable] = {
    "generated-passwords": generated_passwords,
    "shared-password": shared_password,
    "native": native,
    "github": provider,
    "google": provider,
    "oauth": provider,
    "lti13": lti13,
}


def _require(settings: Settings, *names: str) -> None:
    missing = [name for name in names if not getattr(settings.sign_in, name)]
    if missing:
        variables = ", ".join(f"HUB_SIGN_IN__{name.upper()}" for name in missing)
        raise SettingsError(
            f"authenticator {settings.authenticator!r} needs sign_in.{', sign_in.'.join(missing)}: set {variables}"
        )


def _client_secret(secrets: Path) -> str:
    file = secrets / CLIENT_SECRET
    if not file.is_file():
        raise SettingsError(f"the provider's client secret is read from {file}: write it there, with mode 0600")
    return file.read_text("utf-8").strip()
