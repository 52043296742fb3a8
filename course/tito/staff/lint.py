"""`tito module lint`: check a module against docs/writing-a-module.md, naming file and line."""

import json
from collections.abc import Iterator

import click

from tito.curriculum import Module, load_curriculum, require_course
from tito.errors import Finding, FindingsError
from tito.source.export import export_module
from tito.source.percent import read_percent


def lint_module(module: Module) -> list[Finding]:
    """Find everything in one module that breaks the rules of docs/writing-a-module.md."""
    return sorted(set(_lint(module)))


def _lint(module: Module) -> Iterator[Finding]:
    from tito.staff.lint_anatomy import check_anatomy
    from tito.staff.lint_exercises import check_exercises
    from tito.staff.lint_hints import check_hints
    from tito.staff.lint_mistakes import check_mistakes
    from tito.staff.lint_source import ModuleSource
    from tito.staff.lint_tests import check_tests

    if not (module.source.parent / "ABOUT.md").is_file():
        yield Finding(module.source.parent / "ABOUT.md", 1, "is missing: say in a few lines what the module is about")
    try:
        cells = read_percent(module.source)
        exported = export_module(module)
    except FindingsError as error:
        yield from error.findings
        return
    source = ModuleSource(module, cells)
    if source.syntax:
        yield from source.syntax
        return
    yield from check_anatomy(source)
    yield from check_exercises(source, exported)
    yield from check_hints(source)
    yield from check_mistakes(source)
    yield from check_tests(source)


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Check all written modules.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def lint(names: tuple[str, ...], everything: bool, as_json: bool) -> int:
    """Check modules against docs/writing-a-module.md: anatomy, exercises, test cells.

    The curriculum itself (cycles, forward dependencies, duplicate names) is checked whenever it is read.

    \b
    Examples:
      tito module lint tensor
      tito module lint --all
    """
    if bool(names) == everything:
        raise click.UsageError("name one or more modules, or give --all.")
    curriculum = load_curriculum(require_course())
    modules = curriculum.written if everything else [curriculum.find_written(name) for name in names]
    findings = [finding for module in modules for finding in lint_module(module)]
    if as_json:
        click.echo(json.dumps([finding.to_json() for finding in findings], ensure_ascii=False))
    elif findings:
        click.echo("\n".join(str(finding) for finding in findings))
    if not as_json:
        count = f"problems found: {len(findings)}" if findings else "no problems found"
        click.echo(f"{', '.join(module.label for module in modules)}: {count}")
    return 1 if findings else 0
