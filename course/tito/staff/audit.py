"""`tito module audit`: prove by judging that a module gives points for right answers, and only for them."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tito.curriculum import Curriculum, load_curriculum, require_course

if TYPE_CHECKING:
    from tito.staff.auditing.record import Record
    from tito.staff.auditing.report import ModuleAudit
    from tito.staff.auditing.sample import SampleAudit


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Audit all written modules.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option(
    "--jobs", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes to use; 1: just this."
)
@click.option("--fresh", is_flag=True, help="Search again for the first check that kills each mutant.")
@click.option("--dry-run", is_flag=True, help="Don't write the record or the page.")
@click.option("--sample", metavar="SEED", help="Judge only a sample of the record, as CI does.")
def audit(
    names: tuple[str, ...], everything: bool, as_json: bool, jobs: int, fresh: bool, dry_run: bool, sample: str | None
) -> int:
    """Judge wrong and right solutions of modules, and list where the points don't match.

    The reference must get all points and the untouched release none; each exercise left out must cost its own points;
    small mistakes in the reference and answers learned by heart must lose points; other right solutions must not.
    The findings are written to audit.json in the module's folder and to docs/audit.md: commit both.
    Needs bubblewrap. The worker's environment is updated first.

    \b
    Examples:
      tito module audit tensor
      tito module audit tensor --fresh --dry-run
      tito module audit tensor --sample 3cb709e
      tito module audit --all --json
    """
    if bool(names) == everything:
        raise click.UsageError("name one or more modules, or give --all.")
    if sample is not None and (fresh or dry_run):
        raise click.UsageError("--sample judges by the record and writes nothing: omit --fresh and --dry-run.")
    from tito.staff.auditing.schedule import Scene, audit_modules, sample_modules

    course = require_course()
    curriculum = load_curriculum(course)
    modules = curriculum.written if everything else [curriculum.find_written(name) for name in names]
    _prepare_worker(course)
    scene = Scene(course, curriculum, alternatives_of(course))
    if sample is not None:
        samples = list(sample_modules(modules, scene, sample, jobs=jobs, say=_say))
        return _print_samples(samples, curriculum, as_json)
    audits = []
    for record in audit_modules(modules, scene, fresh=fresh, jobs=jobs, say=_say):
        audits.append(record.audit)
        if not dry_run:
            _write(record, curriculum, course)
    return _print(audits, curriculum, as_json)


def alternatives_of(course: Path) -> Path | None:
    """Find the folder of other right solutions; it is among the tests, in a checkout that has tests."""
    folder = course.parent / "tests" / "modules" / "alternatives"
    return folder if folder.is_dir() else None


def _prepare_worker(course: Path) -> None:
    """Update the worker's environment, to judge with the present code, not the code it was once made from."""
    from tito.judge.sandbox.bubblewrap import ENVIRONMENT_NAME
    from tito.staff.environments import make_environments

    if ENVIRONMENT_NAME not in os.environ:
        make_environments(Path(__file__).resolve().parents[3], course, kinds=("worker",), say=_say)


def _say(line: str) -> None:
    click.echo(line, err=True)


def _print(audits: list["ModuleAudit"], curriculum: Curriculum, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps([found.to_json() for found in audits], indent=2))
    else:
        _print_table(audits, curriculum)
    return 1 if any(found.problems for found in audits) else 0


def _print_table(audits: list["ModuleAudit"], curriculum: Curriculum) -> None:
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


def _print_samples(samples: list["SampleAudit"], curriculum: Curriculum, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps([found.to_json() for found in samples], indent=2))
    else:
        for found in samples:
            for problem in found.problems or ["the record is confirmed"]:
                click.echo(f"{curriculum.find(found.slug).label}: {problem}")
    return 1 if any(found.problems for found in samples) else 0


def _write(record: "Record", curriculum: Curriculum, course: Path) -> None:
    """Write a record immediately, even if the next module fails, and the page of all existing records."""
    from tito.atomic import write_if_changed
    from tito.staff.auditing.record import record_path, write_record
    from tito.staff.auditing.table import page

    module = curriculum.find(record.audit.slug)
    if write_record(module, record):
        _say(f"wrote {record_path(module).relative_to(course.parent)}")
    if write_if_changed(course.parent / "docs" / "audit.md", page(curriculum)):
        _say("wrote docs/audit.md")
