"""`tito module unlock NAME`: the reference of a module that a student could not finish, if the exchange grants it."""

import shutil
import tempfile
from pathlib import Path

import click

from exchange.client import ExchangeClient
from exchange.protocol.models import UnlockState
from tito.atomic import write_atomically
from tito.errors import TitoError
from tito.student.answers import answer, as_json_option
from tito.student.exchange_door import exchange, folder_of, slug_of
from tito.workspace import Workspace, now


@click.command()
@click.argument("name")
@click.option(
    "--close", is_flag=True, help="Do not wait: close the module for yourself. You can never submit it again."
)
@click.option("--confirm", metavar="NAME", help="The module's name again, to confirm --close without being asked.")
@as_json_option
def unlock(name: str, close: bool, confirm: str | None, as_json: bool) -> int:
    """Fetch the reference solution of a module you could not finish, so that later modules can build on it.

    You can have it once nobody can submit the module anymore. Before that you can close the module for yourself: what
    you have submitted still counts, but you can't submit it again.

    \b
    Examples:
      tito module unlock tensor
      tito module unlock tensor --close
    """
    slug, workspace = slug_of(name), Workspace.here()
    with exchange() as (client, course):
        state = client.unlock_state(course, slug)
        if not state.granted:
            confirmed = _confirm(slug, confirm, as_json) if close else ""
            state = client.unlock(course, slug, close=close, confirm=confirmed)
        written = _install(client, course, slug, workspace)
    answer(
        as_json,
        {"module": slug, "granted_by": state.granted_by, "written": [str(path) for path in written]},
        f"The reference of {slug} is yours{_how(state)}: {', '.join(workspace.show(path) for path in written)}",
        "What you had exported is kept in ~/tinytorch/.tito/previous." if workspace.previous(slug).is_file() else "",
    )
    return 0


def _how(state: UnlockState) -> str:
    return "; you have closed the module for yourself" if state.granted_by == "student" else ""


def _confirm(slug: str, given: str | None, as_json: bool) -> str:
    if given is None and not as_json:
        click.echo(f"You can never submit {slug} again after this. What you have submitted still counts.")
        given = click.prompt(f"Type {slug} to confirm", default="", show_default=False)
    if given != slug:
        raise TitoError(f"nothing was unlocked: confirm with the module's name, --confirm {slug}.")
    return given


def _install(client: ExchangeClient, course: str, slug: str, workspace: Workspace) -> list[Path]:
    """Put `core/*.py` of the solution into the student's package, the rest into ~/SLUG/solution."""
    with tempfile.TemporaryDirectory(prefix="tito-unlock-") as scratch:
        solution = Path(scratch) / "solution"
        paths = [Path(f.path) for f in client.fetch_solution(course, slug, solution)]
        return [_place(workspace, slug, solution, path) for path in paths]


def _place(workspace: Workspace, slug: str, solution: Path, path: Path) -> Path:
    if path == Path("core") / f"{slug}.py":
        target = workspace.exported(slug)
        if target.is_file() and target.read_bytes() != (solution / path).read_bytes():
            write_atomically(workspace.previous(slug), target.read_bytes())
        write_atomically(target, (solution / path).read_bytes())
        workspace.remember(slug, completed=now(), unlocked=now())
        return target
    target = folder_of(workspace, slug) / "solution" / path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(solution / path, target)
    return target
