"""The command line: groups that take their commands from the table and import one only when it is called.

Promises: `tito --help` imports only click and this folder's table. Exit codes: 0 done, 1 the answer is no or an
error that the message explains, 2 the command was typed wrongly, 130 interrupted.
"""

import importlib
import json
import os
import sys
from collections.abc import Iterable

try:
    import click
except ModuleNotFoundError:  # `pip install tinytorch` has only the framework
    sys.exit("the command tito needs click: pip install 'tinytorch[student]', or 'tinytorch[staff]' to make a course")

from tito.commands import GROUPS, Command, available
from tito.errors import TitoError

EXAMPLES = """\b
Examples:
  tito module status
  tito module start tensor
  tito module test tensor
"""


class LazyGroup(click.Group):
    """Offers a table's commands; imports a command's file only when it is called."""

    def __init__(self, commands: Iterable[Command], depth: int = 0, **settings) -> None:
        super().__init__(**settings)
        self.depth = depth
        self.table = list(commands)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(dict.fromkeys(command.path[self.depth] for command in self.table))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        rows = [command for command in self.table if command.path[self.depth] == cmd_name]
        if not rows:
            return None
        if len(rows[0].path) > self.depth + 1:
            return LazyGroup(rows, self.depth + 1, name=cmd_name, help=GROUPS[cmd_name])
        return _load(rows[0])

    def resolve_command(self, ctx: click.Context, args: list[str]):
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            ctx.fail(f"there is no command '{args[0]}' here. Available: {', '.join(self.list_commands(ctx))}.")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            rows = [(name, self._line(name)) for name in self.list_commands(ctx)]
            formatter.write_dl(rows or [("none", "no command is installed here")])

    def _line(self, name: str) -> str:
        rows = [command for command in self.table if command.path[self.depth] == name]
        if len(rows[0].path) == self.depth + 1:
            return rows[0].help
        names = dict.fromkeys(command.path[self.depth + 1] for command in rows)
        return f"{GROUPS[name]} ({', '.join(names)})"


def _load(row: Command) -> click.Command:
    module, _, attribute = row.target.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    if not isinstance(command, click.Command):
        raise TypeError(f"{row.target} must be a click command, not {type(command).__name__}")
    return command


def cli() -> click.Group:
    """Build the root group from the installed commands."""
    return LazyGroup(
        available(),
        name="tito",
        help=f"Build TinyTorch, module by module.\n\n{EXAMPLES}",
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def main() -> None:
    """Run the command line; turn errors into one message and an exit code."""
    try:
        code = cli().main(prog_name="tito", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except TitoError as error:
        _say(str(error), error.to_json())
        sys.exit(1)
    except BrokenPipeError:
        # The reader of a pipe (`tito status | head`) is gone; Python must not complain when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _say(f"the file system refused: {error}. Check free space and permissions (df -h ~; ls -l), then try again.")
        sys.exit(1)
    except Exception as error:
        if os.environ.get("TITO_DEBUG"):
            raise
        _say(f"internal error in tito: {type(error).__name__}: {error}\nTITO_DEBUG=1 shows where.")
        sys.exit(1)


def _say(message: str, facts: dict | None = None) -> None:
    if "--json" in sys.argv:
        print(json.dumps(facts or {"error": message}, ensure_ascii=False))
    else:
        click.secho("Error: ", fg="red", nl=False, err=True)
        click.echo(message, err=True)


if __name__ == "__main__":
    main()
