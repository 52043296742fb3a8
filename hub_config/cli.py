"""The commands of `python -m hub_config`."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import click

from hub_config.checks import NotReady
from hub_config.docker.firewall_commands import firewall
from hub_config.run.deploy import deploy
from hub_config.run.learning_platform import platform
from hub_config.settings import SettingsError, load_settings

KEPT_BY_RESET = "jupyterhub_config.d"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Run the Hub on this machine.

    \b
    python -m hub_config serve
    HUB_PORT=9000 python -m hub_config serve
    python -m hub_config status --json
    """


@cli.command()
def serve() -> None:
    """Prepare what is missing and run until Ctrl-C."""
    from hub_config.run import serve as serving

    serving.serve(load_settings())


@cli.command()
def stop() -> None:
    """Stop the running Hub; everything is kept."""
    from hub_config.run.serve import running

    settings = load_settings()
    held = running(settings)
    if not held:
        click.echo("No Hub is running here.")
        return
    os.kill(held["pid"], signal.SIGTERM)
    deadline = time.monotonic() + 60
    while running(settings):
        if time.monotonic() > deadline:
            raise NotReady(f"The Hub (pid {held['pid']}) did not stop within 60 seconds. Run: kill -9 {held['pid']}")
        time.sleep(0.2)
    click.echo("Stopped. Everything is kept; `make serve` starts again with it.")


@cli.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(yes: bool) -> None:
    """Delete the Hub's data: homes, submissions, grades, passwords."""
    from hub_config.run.serve import running

    settings = load_settings()
    if running(settings):
        raise NotReady("The Hub is running. Stop it first: make stop")
    doomed = sorted(path for path in settings.var.glob("*") if path.name != KEPT_BY_RESET)
    if not doomed:
        click.echo(f"There is nothing to delete under {settings.var}.")
        return
    click.echo(f"This permanently deletes, under {settings.var}: {', '.join(path.name for path in doomed)}")
    click.echo("That is every student's home, all submissions, grades and passwords.")
    if not yes and click.prompt("Type 'delete' to continue", default="", show_default=False) != "delete":
        click.echo("Nothing was deleted.")
        return
    for path in doomed:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    click.echo("Deleted.")


@cli.command()
@click.argument("names", nargs=-1, required=True)
def restart(names: tuple[str, ...]) -> None:
    """Restart single programs: hub, proxy, exchange, grading, ... Servers and work are left alone.

    \b
    python -m hub_config restart hub
    python -m hub_config restart exchange grading
    """
    from hub_config.run.serve import program_pids

    settings = load_settings()
    before = program_pids(settings)
    unknown = [name for name in names if name not in before]
    if unknown:
        raise NotReady(f"No program is called {', '.join(unknown)}; these are running: {', '.join(before)}")
    for name in names:
        os.kill(before[name], signal.SIGTERM)
    deadline = time.monotonic() + 60
    while any(program_pids(settings)[name] == before[name] for name in names):
        if time.monotonic() > deadline:
            raise NotReady(f"{', '.join(names)} did not come back within 60 seconds: see {settings.var / 'log'}")
        time.sleep(0.1)
    click.echo(f"Restarted: {', '.join(names)}")


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--keep", type=click.IntRange(min=1), help="Write into a dated subfolder of FOLDER; keep the newest N of them."
)
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def backup(folder: Path, keep: int | None, as_json: bool) -> None:
    """Copy everything (homes, submissions, grades, secrets) into a new FOLDER; the Hub may run.

    \b
    python -m hub_config backup /srv/backup/2026-11-20
    python -m hub_config backup /mnt/elsewhere/tinytorch --keep 14
    """
    from hub_config.run import kept_backups as kept

    settings = load_settings()
    target, made, deleted = kept.make(settings, folder, keep)
    if as_json:
        click.echo(json.dumps({"folder": str(target), "deleted": [str(each) for each in deleted], **made}))
        return
    count = len(made["databases"]) + len(made["postgresql"])
    click.echo(f"Copied {count} databases and {len(made['homes'])} homes, {made['bytes'] / 1e6:.0f} MB, into {target}.")
    for each in deleted:
        click.echo(f"Deleted the older {each}.")
    if kept.on_the_same_disk(settings, target):
        click.echo(f"!!! {target} is on the same disk as the original: copy it to another machine, too.")


@cli.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def restore(folder: Path) -> None:
    """Restore what `backup` wrote into FOLDER; this Hub must have no state yet."""
    from hub_config.run import backup as copies
    from hub_config.run.serve import running

    settings = load_settings()
    if running(settings):
        raise NotReady("The Hub is running. Stop it first: make stop")
    began = time.monotonic()
    made = copies.restore(settings, folder)
    took = time.monotonic() - began
    click.echo(
        f"Restored the state of {made['made_utc']} with {len(made['homes'])} homes into {settings.var} in {took:.0f} s."
    )


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.option("--ready", is_flag=True, help="Fail unless everything has started and the Hub answers.")
def status(as_json: bool, ready: bool) -> None:
    """Show whether the Hub is running, and where."""
    from hub_config.run.serve import is_ready, program_pids, running

    settings = load_settings()
    held = running(settings)
    if ready and not is_ready(settings):
        raise NotReady("The Hub is not ready.")
    if as_json:
        shown = {name: held[name] for name in ("pid", "url") if name in held}
        if held:
            shown["programs"] = program_pids(settings)
        click.echo(json.dumps({"running": bool(held), **shown, "var": str(settings.var)}))
    else:
        click.echo(
            f"The Hub runs at {held['url']} (pid {held['pid']})." if held else "The Hub is not running: make serve"
        )


@cli.command()
def welcome() -> None:
    """Print the address, the passwords and what to try first."""
    from hub_config.run import serve as serving

    click.echo(serving.welcome(load_settings()))


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(command: tuple[str, ...]) -> None:
    """Run COMMAND as the operator: with the services' addresses and a token.

    \b
    python -m hub_config run -- tito semester status
    """
    from hub_config.run.serve import operator_environment

    environment = operator_environment(load_settings())
    os.execvpe(command[0], command, environment)


@cli.command()
@click.argument("name")
def service(name: str) -> None:
    """Run one service in the foreground; its Hub is elsewhere (the settings `elsewhere` and `given_secrets`).

    \b
    HUB_PLACE=kubernetes python -m hub_config service grading
    """
    from hub_config.run.one_service import run_in_foreground

    run_in_foreground(name, load_settings())


@cli.command("settings")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def show_settings(as_json: bool) -> None:
    """Show each setting, its current value, and the variable that sets it."""
    from hub_config.settings import describe

    rows = describe(load_settings())
    if as_json:
        click.echo(json.dumps([row._asdict() for row in rows], default=str))
        return
    for row in rows:
        click.echo(f"{row.variable} = {row.value}\n    {row.description}")


cli.add_command(deploy)
cli.add_command(firewall)
cli.add_command(platform)


def main() -> int:
    """Run a command; print one message instead of a traceback for errors that the user can fix."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (NotReady, SettingsError, TimeoutError, ValueError) as error:
        click.echo(f"Error: {error}", err=True)
        return 1
    return 0
