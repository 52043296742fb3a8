"""`tito module start|test|complete|status|reset`: a student's work on one module."""

import json

import click

from tito.curriculum import load_curriculum
from tito.errors import TitoError
from tito.student.answers import all_option, answer, as_json_option, find_module
from tito.student.events import report_event
from tito.student.progress import DONE, all_progress, next_step, progress_of
from tito.workspace import Workspace


@click.command()
@click.argument("name")
@as_json_option
def start(name: str, as_json: bool) -> int:
    """Put a module's notebook into your home; one that is already there is left alone.

    \b
    Examples:
      tito module start tensor
      tito module start 01
    """
    from tito.student.start import start_module

    curriculum, module, workspace = find_module(name)
    missing = [m.slug for m in curriculum.before(module) if progress_of(workspace, m).state not in DONE]
    fresh = start_module(workspace, module, curriculum)
    path = workspace.show(workspace.notebook(module.slug))
    answer(
        as_json,
        {"module": module.slug, "notebook": str(workspace.notebook(module.slug)), "created": fresh, "missing": missing},
        f"{module.label}: your notebook is {path}" if fresh else f"{module.label} is already there: {path}",
        f"It builds on {', '.join(missing)}, which you have not completed yet." if missing else "",
        f"Open it in JupyterLab; then 'tito module test {module.slug}'.",
    )
    return 0


@click.command()
@click.argument("name")
@as_json_option
def test(name: str, as_json: bool) -> int:
    """Run a module's visible tests on your saved notebook, the way submissions are judged.

    \b
    Examples:
      tito module test tensor
    """
    from tito.student.visible_tests import points_possible, run_visible_tests, show_result, to_json

    _, module, workspace = find_module(name)
    result = run_visible_tests(workspace, module)
    report_event("tested", module.slug, points=result.points, points_possible=points_possible(result))
    if as_json:
        click.echo(json.dumps(to_json(result), ensure_ascii=False))
    else:
        show_result(result, module)
    return 0 if result.passed else 1


@click.command()
@click.argument("name")
@click.option("--time-limit", type=click.FloatRange(1, 600), default=30.0, help="Seconds for your code.  [30]")
@as_json_option
def complete(name: str, time_limit: float, as_json: bool) -> int:
    """Make your code importable: run it in a fresh process, test it, and export it to ~/tinytorch/core.

    Your notebook is never changed. If anything is wrong, nothing is exported and what you exported before stays.

    \b
    Examples:
      tito module complete tensor
    """
    from tito.student.complete import install, prepare, require_running, require_solved
    from tito.student.integration import run_integration
    from tito.student.visible_tests import require_passed, run_visible_tests

    curriculum, module, workspace = find_module(name)
    prepared = prepare(workspace, module)
    require_solved(prepared, module)
    require_running(workspace, module, prepared, time_limit)
    result = run_visible_tests(workspace, module)
    require_passed(result, module)
    changed = install(workspace, module, prepared)
    report_event("completed", module.slug, changed=changed)
    together = run_integration(workspace, curriculum)
    failed = [each for each in together if not each.passed]
    target = workspace.exported(module.slug)
    answer(
        as_json,
        {
            "module": module.slug,
            "exported": str(target),
            "changed": changed,
            "visible_points": result.points,
            "integration": [each.to_json() for each in together],
        },
        f"{module.label} is complete: {workspace.show(target)}{'' if changed else ' (unchanged)'}",
        f"Import it: from tinytorch.core.{module.slug} import {', '.join(module.exports[:3])}",
        f"Integration tests: {len(together) - len(failed)} of {len(together)} passed." if together else "",
        *(f"  failed: {each.title}: {each.why}" for each in failed),
        "Your modules pass their own tests, but not together: 'tito test integration' shows more." if failed else "",
    )
    return 0


@click.command()
@all_option
@as_json_option
def status(everything: bool, as_json: bool) -> int:
    """Show how far you are in each module of your semester.

    \b
    Examples:
      tito module status
      tito module status --all
      tito module status --json
    """
    from tito.student.semester import list_progress, say_what_is_listed
    from tito.student.tables import print_table

    listed = list_progress(all_progress(Workspace.here(), load_curriculum()), everything)
    if as_json:
        click.echo(json.dumps([each.to_json() for each in listed.progress], ensure_ascii=False))
        return 0
    rows = []
    for each in listed.progress:
        tested = "" if each.points is None else f"{each.points:g} of {each.points_possible:g}"
        rows.append([each.module.label, each.module.title, f"{each.module.hours:g} h", each.state, tested])
    print_table(["module", "title", "time", "state", "visible points"], rows)
    say_what_is_listed(listed)
    following = next_step(listed.progress)
    if following:
        click.echo(f"\nNext: {following}")
    return 0


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
def reset(name: str, yes: bool, as_json: bool) -> int:
    """Start a module's notebook afresh; yours is kept as a copy, and what you exported stays.

    \b
    Examples:
      tito module reset tensor
      tito module reset tensor --yes
    """
    from tito.student.start import reset_module

    curriculum, module, workspace = find_module(name)
    path = workspace.show(workspace.notebook(module.slug))
    if not yes and not as_json and not click.confirm(f"Replace {path} with the release? A copy of yours is kept."):
        raise TitoError("nothing was changed.")
    copy = reset_module(workspace, module, curriculum)
    answer(
        as_json,
        {"module": module.slug, "notebook": str(workspace.notebook(module.slug)), "copy": str(copy) if copy else None},
        f"{path} is fresh again.",
        f"Your work is kept as {workspace.show(copy)}" if copy else "",
    )
    return 0
