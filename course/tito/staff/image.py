"""Build the container images of a course: a student's server, the judge's worker, an instructor's server, the Hub and
its database.

Promises: an image has only what its wheel and its lock list, never what somebody forgot to exclude; idempotent (a
label says what an image was made of); the tag is the course's id, so that two courses on one machine have separate
images.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import click
import yaml

from tito.curriculum import load_curriculum, require_course
from tito.errors import TitoError
from tito.staff.engine import BASE_IMAGE, REPOSITORY, ROOT, Say, check_engine, digest_of, follow, inspect, make_base
from tito.staff.package import build_student, build_worker, prebuilt_of_semester, split
from tito.staff.packages_image import Packages

LABEL = "tinytorch.made-of"
STAFF_HAS = ("course", "tinytorch", "exchange", "hatch_build.py", "pyproject.toml", "README.md", "LICENSE")
HUB_HAS = (*STAFF_HAS, "hub_config", "docs", "docker")
ALLOWED_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
NEVER_STAGED = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.ipynb")


@dataclass(frozen=True)
class Course:
    """The course that images are made for: its tree, and the modules that come prebuilt."""

    tree: Path
    tiers: list[str] = field(default_factory=list)
    prebuilt: list[str] = field(default_factory=list)


def build_images(
    course: Course,
    tag: str,
    kinds: Iterable[str],
    base: str = BASE_IMAGE,
    force: bool = False,
    say: Say = lambda line: None,
) -> dict[str, str]:
    """Update the images of these kinds to the course, locks and code; return kind -> name."""
    if not ALLOWED_TAG.fullmatch(tag):
        raise TitoError(f"{tag!r} can't be an image's tag: choose a --tag of letters, digits, '_', '.' and '-'.")
    check_engine()
    make_base(base, say)
    names = {kind: f"{REPOSITORY}/{kind}:{tag}" for kind in with_foundations(kinds)}
    packages = Packages(base, force, say)
    for position, (kind, name) in enumerate(names.items(), 1):
        with tempfile.TemporaryDirectory(prefix="tito-image-") as folder:
            stage(kind, course, Path(folder))
            below = f"{REPOSITORY}/{FOUNDATIONS[kind]}:{tag}" if kind in FOUNDATIONS else base
            made_of = digest_of(Path(folder), inspect(below, "{{.Id}}"), packages.name)
            if not force and inspect(name, f'{{{{index .Config.Labels "{LABEL}"}}}}') == made_of:
                say(f"{name} is up to date")
                continue
            arguments = {"HUB_IMAGE" if kind in FOUNDATIONS else "BASE_IMAGE": below}
            arguments |= {} if kind in FROM_DEBIAN else {"PACKAGES_IMAGE": packages.make()}
            say(f"building {name}, {position} of {len(names)}")
            options = ["--tag", name, "--label", f"{LABEL}={made_of}", *(["--no-cache"] * force)]
            _build(Path(folder), f"{kind}.Dockerfile", arguments, options, say)
            say(f"{name} has {int(inspect(name, '{{.Size}}')) / 1e6:.0f} MB")
    return names


def with_foundations(kinds: Iterable[str]) -> list[str]:
    """Return these kinds, each after the one that its image is based on."""
    stacked = [each for kind in kinds for each in (FOUNDATIONS.get(kind), kind) if each]
    return list(dict.fromkeys(stacked))


def stage(kind: str, course: Course, context: Path) -> None:
    """Put the parts of an image of this kind into a folder, readable by the image's user with any umask."""
    shutil.copyfile(ROOT / "docker" / f"{kind}.Dockerfile", context / f"{kind}.Dockerfile")
    STAGES[kind](course, context)
    for path in context.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def _stage_server(kind: str, context: Path) -> None:
    """Stage the server's configuration for /etc/jupyter: the part that both kinds read, and the kind's own."""
    source, target = ROOT / "hub_config" / "server", context / "etc"
    target.mkdir()
    for path in sorted(source.glob("*.py")):
        shutil.copyfile(path, target / path.name)
    shutil.copytree(source / kind, target / kind, ignore=NEVER_STAGED)


def _stage_student(course: Course, context: Path) -> None:
    _stage_server("student", context)
    build_student(course.tree, context / "wheels", course.tiers, course.prebuilt)


def _stage_worker(course: Course, context: Path) -> None:
    build_worker(course.tree, context / "wheels")


def _stage_staff(course: Course, context: Path) -> None:
    _stage_server("staff", context)
    _stage_checkout(course, context, STAFF_HAS)


def _stage_hub(course: Course, context: Path) -> None:
    _stage_checkout(course, context, HUB_HAS)


def _stage_database(course: Course, context: Path) -> None:
    shutil.copyfile(ROOT / "docker" / "database.sh", context / "database.sh")


def _stage_kubernetes(course: Course, context: Path) -> None:
    shutil.copyfile(ROOT / "requirements" / "kubernetes.lock", context / "kubernetes.lock")


def _stage_checkout(course: Course, context: Path, names: Iterable[str]) -> None:
    """Stage these parts of the checkout, with the course's tree as `course`."""
    checkout = context / "checkout"
    checkout.mkdir()
    for name in names:
        source = course.tree if name == "course" else ROOT / name
        if source.is_dir():
            shutil.copytree(source, checkout / name, ignore=NEVER_STAGED)
        else:
            shutil.copyfile(source, checkout / name)
    if not (checkout / "course" / "tito").is_dir():  # a course tree elsewhere has no engine of its own
        shutil.copytree(ROOT / "course" / "tito", checkout / "course" / "tito", ignore=NEVER_STAGED)
    for generated in (checkout / "tinytorch" / "core").iterdir():
        if generated.name != "__init__.py":
            generated.unlink()


STAGES: dict[str, Callable[[Course, Path], None]] = {
    "student": _stage_student,
    "worker": _stage_worker,
    "staff": _stage_staff,
    "hub": _stage_hub,
    "database": _stage_database,
    "kubernetes": _stage_kubernetes,
}
FOUNDATIONS = {"kubernetes": "hub"}  # kind: the kind whose image it is based on
KINDS = tuple(STAGES)
ON_REQUEST = {"kubernetes"}  # not needed on one machine
FROM_DEBIAN = {"database"}  # takes none of our packages


def _build(context: Path, file: str, arguments: dict[str, str], options: list[str], say: Say) -> None:
    given = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    follow(["docker", "build", "--file", str(context / file), *given, *options, str(context)], say)


def _chosen(tiers: str | None, prebuilt: str, semester: Path | None, tag: str | None) -> tuple[Course, str]:
    tree = require_course()
    curriculum = load_curriculum(tree)
    if semester is not None:
        course_id = str(yaml.safe_load(semester.read_text("utf-8"))["course"])
        return Course(tree, [], prebuilt_of_semester(semester, curriculum) + split(prebuilt)), tag or course_id
    names = split(tiers) if tiers else [tier.name for tier in curriculum.tiers]
    return Course(tree, names, split(prebuilt)), tag or "latest"


@click.command()
@click.option("--semester", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Build for this file.")
@click.option("--tiers", metavar="TIERS", help="Build for these tiers (comma-separated).  [all]")
@click.option("--prebuilt", metavar="MODULES", default="", help="Modules prebuilt, besides those of skipped tiers.")
@click.option(
    "--only",
    "kinds",
    multiple=True,
    type=click.Choice(KINDS),
    help="Build only this image; may be repeated.  [all but kubernetes]",
)
@click.option("--tag", help="Tag for the images.  [the semester's course id, else latest]")
@click.option("--base", default=BASE_IMAGE, show_default=True, help="Debian image to build on.")
@click.option("--force", is_flag=True, help="Rebuild without the engine's cache.")
@click.option("--json", "as_json", is_flag=True, help="Print the images' names as JSON.")
def build(
    semester: Path | None,
    tiers: str | None,
    prebuilt: str,
    kinds: tuple[str, ...],
    tag: str | None,
    base: str,
    force: bool,
    as_json: bool,
) -> int:
    """Build the container images for students' and instructors' servers, the judge's worker, the Hub and the database.
    The image kubernetes, which only a cluster needs, is built if you name it.

    \b
    Examples:
      tito image build --semester course/semesters/2026-fall.yaml
      tito image build --tiers foundation --only student
      tito image build --semester FILE --only worker --only student --json
      tito image build --semester FILE --only kubernetes
    """
    if tiers and semester:
        raise click.UsageError("give either --tiers or --semester FILE, not both: the file names the tiers.")
    course, tag = _chosen(tiers, prebuilt, semester, tag)
    wanted = kinds or [kind for kind in KINDS if kind not in ON_REQUEST]
    names = build_images(course, tag, wanted, base, force, lambda line: click.echo(line, err=True))
    click.echo(json.dumps({"images": names}) if as_json else "\n".join(names.values()))
    return 0
