"""`tito package export|import`: the student's own framework as a wheel, for use at home and in the next semester."""

import sys
from pathlib import Path

import click

from tito.atomic import write_atomically
from tito.curriculum import load_curriculum
from tito.errors import TitoError
from tito.student.answers import answer, as_json_option
from tito.student.exported_files import own_modules
from tito.student.integration import run_integration
from tito.student.package_export import pack
from tito.student.package_import import Step, install, plan_import, taken
from tito.workspace import Workspace


@click.command()
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder for the wheel.  [next to ~/tinytorch]"
)
@as_json_option
def export(output: Path | None, as_json: bool) -> int:
    """Pack your own framework into a wheel: the modules that you completed, and the rest around them.

    It needs numpy and nothing else: download it, and at home 'pip install' it into any Python.

    \b
    Examples:
      tito package export
      tito package export --output ~/exports
    """
    workspace = Workspace.here()
    packed = pack(workspace, load_curriculum())
    path = (output or workspace.package.parent) / packed.file_name
    write_atomically(path, packed.content)
    answer(
        as_json,
        {"wheel": str(path), "modules": packed.own, "prebuilt": packed.prebuilt, "changed": packed.changed},
        f"Your framework is in {workspace.show(path)} ({len(packed.content):,} bytes).",
        f"Yours: {', '.join(packed.own)}",
        f"As they came with the course: {', '.join(packed.prebuilt)}" if packed.prebuilt else "",
        *(f"{s} is included as you last completed it; its notebook has changed since." for s in packed.changed),
        f"At home: pip install {packed.file_name}",
    )
    return 0


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--time-limit", type=click.FloatRange(1, 600), default=60.0, help="Seconds for the code.  [60]")
@as_json_option
def import_(file: Path, only_plan: bool, yes: bool, time_limit: float, as_json: bool) -> int:
    """Bring modules from another semester into this home, from a file that 'tito package export' wrote.

    What your semester builds, and what you work on here, is left as it is. The code in the file runs with your
    rights: import only what you exported yourself.

    \b
    Examples:
      tito package import tinytorch-0.2.0+own-py3-none-any.whl --plan
      tito package import tinytorch-0.2.0+own-py3-none-any.whl
    """
    workspace, curriculum = Workspace.here(), load_curriculum()
    modules = own_modules(file)
    steps = plan_import(workspace, curriculum, modules)
    chosen = taken(steps)
    facts: dict[str, object] = {"plan": [step.to_json() for step in steps], "imported": [], "integration": []}
    lines = [_line(step) for step in steps]
    if only_plan or not chosen:
        answer(as_json, facts, *lines, "" if chosen else "There is nothing to import.")
        return 0
    if not yes:
        _ask(lines, chosen, as_json)
    install(workspace, {slug: modules[slug] for slug in chosen}, time_limit)
    together = run_integration(workspace, curriculum)
    failed = [each for each in together if not each.passed]
    facts |= {"imported": chosen, "integration": [each.to_json() for each in together]}
    answer(
        as_json,
        facts,
        *(lines if yes else ()),
        f"Imported into {workspace.show(workspace.core)}: {', '.join(chosen)}",
        f"Integration tests: {len(together) - len(failed)} of {len(together)} passed." if together else "",
        *(f"  failed: {each.title}: {each.why}" for each in failed),
    )
    return 0


def _line(step: Step) -> str:
    return f"  {step.module:14} {step.what}{f': {step.why}' if step.why else ''}"


def _ask(lines: list[str], chosen: list[str], as_json: bool) -> None:
    """Show the plan and ask; if nobody can answer, say which option to add."""
    if as_json or not sys.stdin.isatty():
        raise TitoError("nothing was imported: read the plan with --plan, then use --yes.")
    click.echo("\n".join(lines))
    count = "1 module" if len(chosen) == 1 else f"{len(chosen)} modules"
    click.confirm(f"Import {count}? The code in them runs with your rights", abort=True)
