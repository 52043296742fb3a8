"""`tito module audit`: prove for a module, by judging, that its points mean something."""

import json
import sys
from pathlib import Path

import click

from tito.curriculum import Curriculum, load_curriculum, require_course


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Audit every written module.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes to use.")
@click.option("--fresh", is_flag=True, help="Judge everything again, also what has not changed.")
@click.option("--write-docs", is_flag=True, help="Write docs/audit.md; with --all only.")
def audit(names: tuple[str, ...], everything: bool, as_json: bool, jobs: int, fresh: bool, write_docs: bool) -> int:
    """Judge wrong and right solutions of modules, and say where the points don't follow.

    The reference must score all points and the untouched release none; each exercise left out costs its own points;
    small mistakes in the reference and answers learnt by heart must lose points; other right solutions must not.
    Needs bubblewrap and the worker's environment ('tito package environments worker').

    \b
    Examples:
      tito module audit tensor
      tito module audit --all --json
      tito module audit --all --write-docs
    """
    if bool(names) == everything:
        raise click.UsageError("name modules, or say --all.")
    if write_docs and not everything:
        raise click.UsageError("--write-docs goes with --all: the page lists every module.")
    from tito.staff.auditing.cache import Cache
    from tito.staff.auditing.schedule import audit_modules

    course = require_course()
    curriculum = load_curriculum(course)
    modules = curriculum.written if everything else [curriculum.find_written(name) for name in names]
    audits = audit_modules(
        modules,
        curriculum,
        course,
        alternatives=alternatives_of(course),
        cache=None if fresh else Cache(course.parent / "build" / "audit"),
        jobs=jobs,
        say=lambda line: click.echo(line, err=True),
    )
    if as_json:
        click.echo(json.dumps([found.to_json() for found in audits], indent=2))
    else:
        _print(audits, curriculum)
    if write_docs:
        _write_page(audits, curriculum, course)
    return 1 if any(found.problems for found in audits) else 0


def alternatives_of(course: Path) -> Path | None:
    """Find other right solutions; they are with the tests, where there are tests."""
    folder = course.parent / "tests" / "modules" / "alternatives"
    return folder if folder.is_dir() else None


def _print(audits: list, curriculum: Curriculum) -> None:
    from rich.console import Console
    from rich.table import Table

    from tito.staff.auditing.table import HEADS, rows

    table = Table(*HEADS)
    for row in rows(audits, curriculum):
        table.add_row(*row)
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 140).print(table)
    for found in audits:
        for problem in found.problems:
            click.echo(f"{curriculum.find(found.slug).label}: {problem}")


def _write_page(audits: list, curriculum: Curriculum, course: Path) -> None:
    from tito.atomic import write_atomically
    from tito.staff.auditing.table import markdown

    page = course.parent / "docs" / "audit.md"
    page.parent.mkdir(exist_ok=True)
    write_atomically(page, markdown(audits, curriculum))
    click.echo(f"wrote {page.name}", err=True)
