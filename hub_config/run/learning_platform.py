"""`python -m hub_config platform`: let a learning platform register this Hub, and confirm the registration.

Our platform decides who people are, so a registration takes effect only when somebody on this machine confirms it, and
at the Hub's next start.
"""

import hashlib
import json
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from hub_config.checks import NotReady
from hub_config.secret_files import write_private
from hub_config.settings import CONFIRMED_PLATFORM, PLATFORM_FACTS, Settings, load_settings
from hub_config.sign_in.platform_course import CAMPUS_FOLDER
from hub_config.sign_in.tool_form import SCOPES, canvas_key, tool_form

INVITATIONS, REGISTERED = "invitations", "registered.json"  # in the folder that the campus service has
DAY_HOURS = 24


@click.command()
@click.option("--invite", is_flag=True, help="Make an address with which one platform can register this Hub, once.")
@click.option("--hours", type=click.IntRange(1, 14 * DAY_HOURS), default=DAY_HOURS, help="How long it is valid.")
@click.option("--form", is_flag=True, help="Show what to enter by hand; with --json, the key for Canvas.")
@click.option("--yes", is_flag=True, help="Let people log in from the platform that registered.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def platform(invite: bool, hours: int, form: bool, yes: bool, as_json: bool) -> None:
    """Show the learning platform that registered this Hub; invite one (--invite), confirm it (--yes), or see --form.

    \b
    python -m hub_config platform --invite --hours 48
    python -m hub_config platform
    python -m hub_config platform --yes
    python -m hub_config platform --form --json
    """
    if invite + form + yes > 1:
        raise NotReady(
            "--invite makes an address, --yes confirms what came of one, --form needs none: give one of them"
        )
    settings = load_settings()
    if settings.authenticator != "lti13":
        raise NotReady(f"people log in with {settings.authenticator} here: set HUB_AUTHENTICATOR=lti13")
    if form:
        say_form(settings, as_json)
        return
    if invite:
        say_address(make_invitation(settings, hours), hours, as_json)
        return
    facts = registered(settings)
    confirmed = confirm(settings, facts) if yes else is_confirmed(settings, facts)
    click.echo(json.dumps({**facts, "confirmed": confirmed}) if as_json else words_of(facts, confirmed, yes))


def make_invitation(settings: Settings, hours: int) -> str:
    """Return the address for a platform's administrator; only a digest of its token is kept."""
    if not settings.public_url.startswith("https://"):
        raise NotReady(f"{settings.public_url} is not https: a platform registers a Hub with an https address only")
    token = secrets.token_urlsafe(32)
    name = hashlib.sha256(token.encode()).hexdigest()
    until = {"until": time.time() + hours * 3600}
    write_private(_folder(settings) / INVITATIONS / f"{name}.json", json.dumps(until) + "\n")
    return f"{settings.public_url}/services/campus/register/{token}"


def registered(settings: Settings) -> dict[str, Any]:
    """Return what the most recently registered platform sent; raise NotReady if none has registered."""
    file = _folder(settings) / REGISTERED
    if not file.is_file():
        raise NotReady("No platform has registered yet: python -m hub_config platform --invite")
    return json.loads(file.read_text("utf-8"))


def confirm(settings: Settings, facts: dict[str, Any]) -> bool:
    """Confirm a registration; raise NotReady if the settings name a platform, which would take precedence."""
    here = settings.sign_in
    if not is_confirmed(settings, facts) and not (settings.awaits_platform or _from_file(settings)):
        raise NotReady(f"HUB_SIGN_IN__... name the platform {here.issuer!r}: remove these variables first")
    write_private(settings.var / CONFIRMED_PLATFORM, json.dumps(facts, indent=1) + "\n")
    return True


def is_confirmed(settings: Settings, facts: dict[str, Any]) -> bool:
    return all(getattr(settings.sign_in, name) == facts[name] for name in PLATFORM_FACTS)


def say_address(address: str, hours: int, as_json: bool) -> None:
    until = datetime.fromtimestamp(time.time() + hours * 3600, UTC)
    if as_json:
        click.echo(json.dumps({"address": address, "until": until.isoformat(timespec="seconds")}))
        return
    click.echo(f"Give this to the platform's administrator; it works once, until {until:%Y-%m-%d %H:%M} UTC:")
    click.echo(address)


def say_form(settings: Settings, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(canvas_key(settings.public_url, settings.title), indent=2))
        return
    for name, value in tool_form(settings.public_url).items():
        click.echo(f"{name}:")
        for line in SCOPES if name == "Scopes" else [value]:
            click.echo(f"    {line}")


def words_of(facts: dict[str, Any], confirmed: bool, just_now: bool) -> str:
    """Print a registration and what to do next."""
    lines = [
        f"{name:14} {facts[name]}" for name in ("issuer", "product", "deployment", *PLATFORM_FACTS[:1]) if facts[name]
    ]
    lines += [f"{name:14} {facts[name]}" for name in PLATFORM_FACTS[2:]]
    then = "Confirmed. It takes effect at the Hub's next start: python -m hub_config stop, then serve."
    ask = "Is this your platform? It will decide who people are. If it is yours: python -m hub_config platform --yes"
    return "\n".join([*lines, then if just_now else "In force." if confirmed else ask])


def _from_file(settings: Settings) -> bool:
    file = settings.var / CONFIRMED_PLATFORM
    return file.is_file() and is_confirmed(settings, json.loads(file.read_text("utf-8")))


def _folder(settings: Settings) -> Path:
    return settings.var / CAMPUS_FOLDER
