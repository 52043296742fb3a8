"""`tito nbgrader generate`: staff notebooks and releases of modules, in an nbgrader course."""

import json
from pathlib import Path

import click

from tito.curriculum import load_curriculum, require_course


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Generate all written modules.")
@click.option("--course-dir", type=click.Path(file_okay=False, path_type=Path), help="nbgrader's folder.  [var/course]")
@click.option("--json", "as_json", is_flag=True, help="Print the releases' paths as JSON.")
def generate(names: tuple[str, ...], everything: bool, course_dir: Path | None, as_json: bool) -> int:
    """Write source/SLUG/SLUG.ipynb and, with nbgrader's own converter, release/SLUG/SLUG.ipynb.

    \b
    Examples:
      tito nbgrader generate tensor
      tito nbgrader generate --all --course-dir var/course
    """
    if bool(names) == everything:
        raise click.UsageError("name one or more modules, or give --all.")
    course = require_course()
    curriculum = load_curriculum(course)
    modules = curriculum.written if everything else [curriculum.find_written(name) for name in names]
    from tito.source.release import generate_notebooks

    target = course_dir or course.parent / "var" / "course"
    releases: list[Path] = []
    for module in modules:
        releases += generate_notebooks([module], curriculum, target)
        if not as_json:
            click.echo(f"{module.label}: {releases[-1]}")
    if as_json:
        click.echo(json.dumps({"releases": [str(path) for path in releases]}))
    return 0
