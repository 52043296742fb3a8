"""Ways to log in with a password that this Hub keeps: generated ones, one shared by all, or chosen by each person.

Passwords are files under `var/secrets`, made at first use. The authenticators are named, not imported: the supervisor
checks these settings too, and would keep JupyterHub in memory for that.
"""

from pathlib import Path

from hub_config.secret_files import new_password, read_or_create, read_passwords, write_private
from hub_config.settings import Settings, SettingsError
from hub_config.ways_to_sign_in import WAYS

OPERATOR_PASSWORD = "operator-password"
SHARED_PASSWORD = "shared-password"
MOST_SHOWN = 12  # 300 lines would push everything else off the screen


def generated(c, settings: Settings) -> None:
    """Give everybody their own password, kept in passwords.json."""
    c.JupyterHub.authenticator_class = "hub_config.sign_in.authenticators.GeneratedPasswords"
    c.GeneratedPasswords.secrets_folder = str(settings.secrets)
    c.Authenticator.allow_all = True  # people whom the Hub does not know have no password


def told_generated(settings: Settings) -> list[str]:
    passwords = read_passwords(settings.secrets)
    width = max(map(len, passwords), default=0)
    people = [f"    {name:<{width}}  {password}" for name, password in sorted(passwords.items())]
    more = [f"    and {len(people) - MOST_SHOWN} more, in that file"] if len(people) > MOST_SHOWN else []
    return [f"Log in as one of these (kept in {settings.secrets / 'passwords.json'}):", *people[:MOST_SHOWN], *more]


def shared(c, settings: Settings) -> None:
    """Accept one password for all, for demonstrations: anybody who knows it can be anybody, including staff."""
    if settings.url or settings.reached_by_others:
        raise SettingsError(
            f"authenticator 'shared-password' lets anybody with one password be anybody, including staff, so it works "
            f"on loopback only, got {settings.public_url}: leave host at 127.0.0.1 and url empty, or choose another "
            f"(HUB_AUTHENTICATOR is one of {', '.join(WAYS)})"
        )
    c.JupyterHub.authenticator_class = "hub_config.sign_in.authenticators.SharedPassword"
    c.SharedPasswordAuthenticator.user_password = _password(settings.secrets, SHARED_PASSWORD)


def told_shared(settings: Settings) -> list[str]:
    return [
        "!!! A DEMONSTRATION, NOT A COURSE: one password for everybody, including the staff and the operator.",
        "    Anybody who knows it can be anybody, read all work and change all grades. It works on this machine only.",
        f"    Password: {_password(settings.secrets, SHARED_PASSWORD)} (with any name from the roster or the staff)",
    ]


def native(c, settings: Settings) -> None:
    """Let people choose a password; the operator admits each of them, at /hub/authorize."""
    c.JupyterHub.authenticator_class = "hub_config.sign_in.native_sign_up.RosterSignUp"
    c.RosterSignUp.operator = settings.operator
    c.RosterSignUp.operator_password = _password(settings.secrets, OPERATOR_PASSWORD)
    c.NativeAuthenticator.open_signup = False
    c.NativeAuthenticator.minimum_password_length = 10
    c.NativeAuthenticator.check_common_password = True
    c.NativeAuthenticator.allowed_failed_logins = 5
    # Fewer rights than a JupyterHub administrator, who may also open everybody's server.
    lets_in = {"name": "lets-people-in", "scopes": ["admin:users"], "users": [settings.operator]}
    c.JupyterHub.load_roles = [*c.JupyterHub.get("load_roles", []), lets_in]


def told_native(settings: Settings) -> list[str]:
    return [
        f"People on the roster sign up at {settings.public_url}/hub/signup; "
        f"let each in at {settings.public_url}/hub/authorize.",
        f"    {settings.operator}  {_password(settings.secrets, OPERATOR_PASSWORD)}"
        f" (initially; change it at {settings.public_url}/hub/change-password)",
    ]


def _password(secrets: Path, name: str) -> str:
    """Return a password that is easy to type, made at first use."""
    file = secrets / name
    if not file.exists():
        write_private(file, new_password() + "\n")
    return read_or_create(secrets, name)
