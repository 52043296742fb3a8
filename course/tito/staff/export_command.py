"""`tito export`: generate tinytorch/core from the course's modules, or list what is out of date."""

import json
from pathlib import Path

import click

from tito.atomic import write_if_changed
from tito.curriculum import installed_core, load_curriculum, require_course
from tito.errors import TitoError
from tito.source.export import export_all, export_module, generate, stale


@click.command()
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Export all written modules and curriculum.json.")
@click.option("--check", is_flag=True, help="Write nothing; exit with status 1 if a file is out of date.")
@click.option("--quiet", is_flag=True, help="Print nothing unless something is wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print what changed as JSON.")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="Folder to write to.  [tinytorch/core]")
def export(name: str | None, everything: bool, check: bool, quiet: bool, as_json: bool, into: Path | None) -> int:
    """Generate tinytorch/core from course/modules.

    \b
    Examples:
      tito export --all
      tito export tensor
      tito export --all --check
    """
    if bool(name) == (everything or check):
        raise click.UsageError("name one module, or give --all.")
    course = require_course()
    core = into or installed_core()
    if check:
        changed = _out_of_date(course, core)
    elif name:
        exported = export_module(load_curriculum(course).find_written(name))
        changed = [core / exported.file_name] if write_if_changed(core / exported.file_name, exported.text) else []
    else:
        changed = export_all(course, core)
    if check and changed:
        raise TitoError(f"out of date: {', '.join(map(str, changed))}. Run 'tito export --all'.")
    if as_json:
        click.echo(json.dumps({"changed": [str(path) for path in changed]}))
    elif not quiet:
        click.echo("\n".join(f"wrote {path}" for path in changed) or "everything is up to date")
    return 0


def _out_of_date(course: Path, core: Path) -> list[Path]:
    wanted = generate(load_curriculum(course))
    different = [
        core / name
        for name, text in wanted.items()
        if not (core / name).is_file() or (core / name).read_text(encoding="utf-8") != text
    ]
    return different + stale(core, wanted)
