"""`tito package build|environments`: the wheels of students and workers, and the environments made of them."""

import json
from pathlib import Path

import click

from tito.curriculum import load_curriculum, require_course
from tito.staff.environments import KINDS, make_environments
from tito.staff.fast_wheel import closed_in_semester
from tito.staff.package import build_student, build_worker, checkout_of_code, prebuilt_of_semester, split


@click.command()
@click.option("--student", "tiers", metavar="TIERS", help="Build the student's wheel for these tiers (with commas).")
@click.option("--prebuilt", metavar="MODULES", default="", help="Modules prebuilt, besides those of skipped tiers.")
@click.option(
    "--semester", type=click.Path(dir_okay=False, path_type=Path), help="Build the student's wheel for a semester file."
)
@click.option("--worker", is_flag=True, help="Build the worker's wheel.")
@click.option(
    "--fast", is_flag=True, help="Put tinytorch.fast into the student's wheel; modules that it answers must be closed."
)
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Folder for wheels.  [build/packages]")
@click.option("--json", "as_json", is_flag=True, help="Print the wheels' paths as JSON.")
def build(
    tiers: str | None,
    prebuilt: str,
    semester: Path | None,
    worker: bool,
    fast: bool,
    output: Path | None,
    as_json: bool,
) -> int:
    """Build the wheel of the student's or the worker's environment.

    \b
    Examples:
      tito package build --student foundation
      tito package build --student architecture --prebuilt tensor
      tito package build --semester course/semesters/2026-fall.yaml --worker
      tito package build --semester course/semesters/2027-28.yaml --fast
    """
    if tiers is None and semester is None and not worker:
        raise click.UsageError("give --student TIERS, --semester FILE or --worker.")
    if fast and tiers is None and semester is None:
        raise click.UsageError("--fast only affects the student's wheel: also give --student TIERS or --semester FILE.")
    if tiers is not None and semester is not None:
        raise click.UsageError("give either --student TIERS or --semester FILE, not both: the file names the tiers.")
    course = require_course()
    output = output or checkout_of_code(course.parent) / "build" / "packages"
    wheels = []
    if tiers is not None:
        wheels.append(build_student(course, output, split(tiers), split(prebuilt), fast))
    if semester is not None:
        curriculum = load_curriculum(course)
        named = prebuilt_of_semester(semester, curriculum) + split(prebuilt)
        closed = closed_in_semester(semester, curriculum) if fast else ()
        wheels.append(build_student(course, output, [], named, fast, closed))
    if worker:
        wheels.append(build_worker(course, output))
    click.echo(json.dumps({"wheels": [str(wheel) for wheel in wheels]}) if as_json else "\n".join(map(str, wheels)))
    return 0


@click.command()
@click.argument("kinds", nargs=-1, type=click.Choice(KINDS))
@click.option("--tiers", help="Tiers that the semester runs; modules of skipped ones come prebuilt.  [all]")
@click.option("--prebuilt", default="", help="Additional modules that come prebuilt.")
@click.option(
    "--semester", type=click.Path(dir_okay=False, path_type=Path), help="Take tiers and modules from a semester file."
)
@click.option("--json", "as_json", is_flag=True, help="Print the environments' folders as JSON.")
def environments(kinds: tuple[str, ...], tiers: str | None, prebuilt: str, semester: Path | None, as_json: bool) -> int:
    """Make the student and worker environments in build/envs.

    \b
    Examples:
      tito package environments
      tito package environments student --tiers foundation
      tito package environments --semester course/semesters/2026-fall.yaml
      tito package environments worker --json
    """
    if tiers and semester:
        raise click.UsageError("give either --tiers or --semester FILE, not both: the file names the tiers.")
    course = require_course()
    root = Path(__file__).resolve().parents[3]
    made = make_environments(
        root,
        course,
        kinds or KINDS,
        [] if semester else split(tiers) if tiers else None,
        split(prebuilt) + (prebuilt_of_semester(semester, load_curriculum(course)) if semester else []),
        lambda line: click.echo(line, err=True),
    )
    click.echo(json.dumps({k: str(v) for k, v in made.items()}) if as_json else "\n".join(map(str, made.values())))
    return 0
