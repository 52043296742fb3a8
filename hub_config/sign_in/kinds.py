"""How people log in, by the setting `authenticator`; everybody named in the semester file may log in, by any method."""

from traitlets.config import Config

from hub_config.settings import Settings, SettingsError
from hub_config.ways_to_sign_in import WAYS


def apply_sign_in(c, settings: Settings) -> None:
    """Set the chosen authenticator; raise SettingsError if one of its settings is missing."""
    c.Authenticator.allowed_users = {settings.operator}
    # People are added by the semester service; a name that it does not know stays outside.
    c.Authenticator.allow_existing_users = True
    way = WAYS[settings.authenticator]
    if not settings.awaits_platform:
        _require(settings, *way.needs)
    way.load(way.sets)(c, settings)


def check_sign_in(settings: Settings) -> None:
    """Raise SettingsError if the chosen way lacks a setting, before anything starts."""
    apply_sign_in(Config(), settings)


def how_to_log_in(settings: Settings) -> list[str]:
    """Return the lines in which `serve` tells the operator how people log in."""
    way = WAYS[settings.authenticator]
    return way.load(way.tells)(settings)


def _require(settings: Settings, *names: str) -> None:
    missing = [name for name in names if not getattr(settings.sign_in, name)]
    if missing:
        variables = ", ".join(f"HUB_SIGN_IN__{name.upper()}" for name in missing)
        raise SettingsError(
            f"authenticator {settings.authenticator!r} needs sign_in.{', sign_in.'.join(missing)}: set {variables}"
        )
