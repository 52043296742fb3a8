"""How people log in, by the setting `authenticator`; whom the semester file names may come in, whatever the way.

Secrets are files under `var/secrets`: `oauth-client-secret` comes from the provider, the others are made at first use.
"""

from collections.abc import Callable
from pathlib import Path

from traitlets.config import Config

from hub_config.secret_files import new_password, read_or_create, read_passwords, write_private
from hub_config.settings import Settings, SettingsError

CLIENT_SECRET = "oauth-client-secret"
OPERATOR_PASSWORD = "operator-password"
SHARED_PASSWORD = "shared-password"
CALLBACK = "/hub/oauth_callback"
PROVIDERS = {
    "github": "hub_config.sign_in.oauth.GitHub",
    "google": "hub_config.sign_in.oauth.Google",
    "oauth": "hub_config.sign_in.oauth.Provider",
}
ASKS_OUTSIDE = {*PROVIDERS, "lti13"}  # ways for which the Hub asks a server of somebody else's


def apply_sign_in(c, settings: Settings) -> None:
    """Set the chosen authenticator; raise SettingsError where one of its settings is missing."""
    c.Authenticator.allowed_users = {settings.operator}
    # People are added by the semester service; a name that it does not know stays outside.
    c.Authenticator.allow_existing_users = True
    WAYS[settings.authenticator](c, settings)


def check_sign_in(settings: Settings) -> None:
    """Raise SettingsError where the chosen way lacks something, before anything starts."""
    apply_sign_in(Config(), settings)


def generated_passwords(c, settings: Settings) -> None:
    """Give everybody a password of their own, kept in passwords.json."""
    # By its name: the supervisor checks these settings too, and would keep JupyterHub in memory for it.
    c.JupyterHub.authenticator_class = "hub_config.sign_in.authenticators.GeneratedPasswords"
    c.GeneratedPasswords.secrets_folder = str(settings.secrets)
    c.Authenticator.allow_all = True  # whom the Hub does not know has no password


def shared_password(c, settings: Settings) -> None:
    """Take one password for all, for demonstrations: whoever knows it can be anybody, staff too."""
    if settings.url or settings.reached_by_others:
        raise SettingsError(
            f"authenticator 'shared-password' lets whoever knows one password be anybody, the staff too, so it works "
            f"on loopback only, got {settings.public_url}: leave host at 127.0.0.1 and url empty, or choose another "
            f"(HUB_AUTHENTICATOR is one of {', '.join(WAYS)})"
        )
    c.JupyterHub.authenticator_class = "hub_config.sign_in.authenticators.SharedPassword"
    c.SharedPasswordAuthenticator.user_password = _password(settings.secrets, SHARED_PASSWORD)


def native(c, settings: Settings) -> None:
    """Let people choose a password; the operator lets each in, at /hub/authorize."""
    c.JupyterHub.authenticator_class = "hub_config.sign_in.native_sign_up.RosterSignUp"
    c.RosterSignUp.operator = settings.operator
    c.RosterSignUp.operator_password = _password(settings.secrets, OPERATOR_PASSWORD)
    c.NativeAuthenticator.open_signup = False
    c.NativeAuthenticator.minimum_password_length = 10
    c.NativeAuthenticator.check_common_password = True
    c.NativeAuthenticator.allowed_failed_logins = 5
    # Less than a JupyterHub administrator, who may also open everybody's server.
    lets_in = {"name": "lets-people-in", "scopes": ["admin:users"], "users": [settings.operator]}
    c.JupyterHub.load_roles = [*c.JupyterHub.get("load_roles", []), lets_in]


def provider(c, settings: Settings) -> None:
    """Log in at GitHub, Google or any OAuth 2 provider."""
    own = settings.sign_in
    _require(settings, *NEEDED[settings.authenticator])
    c.JupyterHub.authenticator_class = PROVIDERS[settings.authenticator]
    c.OAuthenticator.client_id = own.client_id
    c.OAuthenticator.client_secret = _client_secret(settings.secrets)
    c.OAuthenticator.oauth_callback_url = settings.public_url + CALLBACK
    if own.login_service:
        c.OAuthenticator.login_service = own.login_service
    if settings.authenticator == "google":
        c.Google.hosted_domain = [own.hosted_domain]
    if settings.authenticator == "oauth":
        c.OAuthenticator.authorize_url, c.OAuthenticator.token_url = own.authorize_url, own.token_url
        c.OAuthenticator.userdata_url, c.OAuthenticator.username_claim = own.userdata_url, own.username_claim
        c.Provider.scope = ["openid", "profile", "email"]
        c.Provider.domain = own.hosted_domain


def lti13(c, settings: Settings) -> None:
    """Come from a learning platform with LTI 1.3; it signs, so there is no secret here."""
    own = settings.sign_in
    _require(settings, *NEEDED["lti13"])
    c.JupyterHub.authenticator_class = "hub_config.sign_in.lti.Platform"
    c.LTI13Authenticator.client_id = [own.client_id]
    c.LTI13Authenticator.issuer = own.issuer
    c.LTI13Authenticator.authorize_url = own.authorize_url
    c.LTI13Authenticator.jwks_endpoint = own.jwks_url
    c.LTI13Authenticator.username_key = own.username_claim
    c.LTI13Authenticator.uri_scheme = settings.public_url.partition(":")[0]
    c.LTI13Authenticator.tool_name = settings.title
    c.LTI13Authenticator.tool_description = "Build a deep-learning framework, module by module"
    c.Platform.domain = own.hosted_domain


WAYS: dict[str, Callable] = {
    "generated-passwords": generated_passwords,
    "shared-password": shared_password,
    "native": native,
    "github": provider,
    "google": provider,
    "oauth": provider,
    "lti13": lti13,
}


# What each provider needs; Google's addresses lose their domain.
NEEDED = {
    "github": ("client_id",),
    "google": ("client_id", "hosted_domain"),
    "oauth": ("client_id", "authorize_url", "token_url", "userdata_url", "username_claim"),
    "lti13": ("client_id", "issuer", "authorize_url", "jwks_url", "username_claim"),
}


def how_to_log_in(settings: Settings) -> list[str]:
    """Return the lines with which `serve` tells the operator how people come in."""
    if settings.authenticator == "generated-passwords":
        passwords = read_passwords(settings.secrets)
        width = max(map(len, passwords), default=0)
        people = [f"    {name:<{width}}  {password}" for name, password in sorted(passwords.items())]
        return [f"Log in as one of these (kept in {settings.secrets / 'passwords.json'}):", *people]
    if settings.authenticator == "shared-password":
        return [
            "!!! A DEMONSTRATION, NOT A COURSE: one password for everybody, the staff and the operator too.",
            "    Whoever knows it can be anybody, read all work and change all grades. It works on this machine only.",
            f"    Password: {_password(settings.secrets, SHARED_PASSWORD)} (any name of the roster or the staff)",
        ]
    if settings.authenticator == "native":
        return [
            f"People on the roster sign up at {settings.public_url}/hub/signup; "
            f"let each in at {settings.public_url}/hub/authorize.",
            f"    {settings.operator}  {_password(settings.secrets, OPERATOR_PASSWORD)}"
            f" (at first; change it at {settings.public_url}/hub/change-password)",
        ]
    where = settings.sign_in.login_service or settings.authenticator
    return [f"People on the roster log in by {where}."]


def _require(settings: Settings, *names: str) -> None:
    missing = [name for name in names if not getattr(settings.sign_in, name)]
    if missing:
        variables = ", ".join(f"HUB_SIGN_IN__{name.upper()}" for name in missing)
        raise SettingsError(
            f"authenticator {settings.authenticator!r} needs sign_in.{', sign_in.'.join(missing)}: set {variables}"
        )


def _client_secret(secrets: Path) -> str:
    file = secrets / CLIENT_SECRET
    if not file.is_file() or not file.read_text("utf-8").strip():
        raise SettingsError(f"the provider's client secret is read from {file}: write it there, with mode 0600")
    return file.read_text("utf-8").strip()


def _password(secrets: Path, name: str) -> str:
    """Return a password that a person types, made at first use."""
    file = secrets / name
    if not file.exists():
        write_private(file, new_password() + "\n")
    return read_or_create(secrets, name)
