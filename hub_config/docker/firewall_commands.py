"""`python -m hub_config firewall`: the operator sees and changes what servers may reach."""

import json

import click

from hub_config.checks import NotReady
from hub_config.docker.bridge import with_bridge
from hub_config.settings import Settings, load_settings


def _settings() -> Settings:
    settings = load_settings()
    if settings.spawner != "docker":
        raise NotReady("The firewall is for the docker place: HUB_PLACE=docker python -m hub_config firewall ...")
    return settings


@click.group()
def firewall() -> None:
    """Let servers reach only Hub and services on this machine (nftables).

    \b
    `serve` brings it up automatically unless HUB_DOCKER__FIREWALL=false.
    HUB_PLACE=docker python -m hub_config firewall status --json
    HUB_PLACE=docker python -m hub_config firewall up
    HUB_PLACE=docker python -m hub_config firewall down
    """


@firewall.command()
def up() -> None:
    """Put the rules in force; a second time changes nothing."""
    from hub_config.docker.firewall import bring_up

    made = bring_up(with_bridge(_settings()))
    doors = ", ".join(f"{name} ({port})" for name, port in made.doors.items())
    click.echo(
        f"Up: {made.bridge} reaches {made.gateway} on ports {doors}; blocked networks: {', '.join(made.blocked)}."
    )


@firewall.command()
def down() -> None:
    """Remove the rules."""
    from hub_config.docker.firewall import take_down

    take_down(_settings())
    click.echo("Down: servers can reach everything that this machine offers on all its addresses.")


@firewall.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def status(as_json: bool) -> None:
    """Show whether rules are in force, and for which ports."""
    from hub_config.docker.firewall import state

    found = state(with_bridge(_settings()))
    if as_json:
        click.echo(json.dumps(found))
    elif not found["up"]:
        click.echo("Down. Bring it up: HUB_PLACE=docker python -m hub_config firewall up")
    else:
        old = "" if found["current"] else " The Hub listens on other ports: run firewall up"
        click.echo(f"Up on {found['bridge']}; open at {found['gateway']}: {', '.join(map(str, found['open']))}.{old}")
