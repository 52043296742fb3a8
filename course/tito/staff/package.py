"""Build the wheels of the two environments that must not have the whole reference: the student's and the worker's.

Promises: a wheel has only files that are listed here as allowed; the same tree gives the same bytes. The student's
wheel has the reference of prebuilt modules only; the worker's has no module at all. `tinytorch.fast` computes what
exercises ask for: the student's wheel gets it only once nobody can submit these any more, the worker's never.
"""

import json
import shutil
import tempfile
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tito.curriculum import JSON_NAME, Curriculum, Module, load_curriculum
from tito.errors import TitoError
from tito.source.export import export_module
from tito.staff.fast_wheel import require_closed

# What each wheel gets: folders or files in the checkout, and where they go in the wheel.
CONTENTS = {
    "student": {
        "tinytorch": "tinytorch",
        "course/tito/*.py": "tito",
        "course/tito/curriculum": "tito/curriculum",
        "course/tito/source": "tito/source",
        "course/tito/checks": "tito/checks",
        "course/tito/history": "tito/history",
        "course/tito/stuck": "tito/stuck",
        "course/tito/student": "tito/student",
        "course/tito/worker": "tito/worker",
        "course/milestones": "tito/milestones_of_course",
        "exchange/__init__.py": "exchange",
        "exchange/protocol": "exchange/protocol",
        "exchange/client": "exchange/client",
        "exchange/nbgrader_plugin": "exchange/nbgrader_plugin",
    },
    "worker": {
        "tinytorch": "tinytorch",
        "course/tito/__init__.py": "tito",
        "course/tito/worker": "tito/worker",
    },
}
FAST = "tinytorch/fast"  # see tito.staff.fast_wheel: who may have it
# Pictures need matplotlib, which a worker does not have.
LEFT_OUT = {"student": (FAST,), "worker": (FAST, "tinytorch/viz")}

PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "tinytorch"
version = "{version}+{kind}"
description = "TinyTorch as a {kind}'s environment has it"
requires-python = "{python}"
dependencies = {dependencies}
{scripts}
[tool.hatch.build]
ignore-vcs = true

[tool.hatch.build.targets.wheel]
packages = {packages}
"""
SCRIPTS = '\n[project.scripts]\ntito = "tito.cli:main"\n'


@dataclass(frozen=True)
class Choice:
    """The modules that a student's environment gets prebuilt, in the curriculum's order."""

    prebuilt: tuple[Module, ...]

    @classmethod
    def of(cls, curriculum: Curriculum, tiers: list[str], extra: list[str]) -> "Choice":
        """Prebuild the modules named in `extra`, and those that the modules of these tiers need but don't include."""
        built = curriculum.of_tiers(tiers)
        needed = {needed.slug for module in built for needed in curriculum.before(module)}
        names = (needed - {module.slug for module in built}) | {curriculum.find_written(name).slug for name in extra}
        unwritten = [m.label for m in curriculum.modules if m.slug in names and not m.is_written]
        if unwritten:
            raise TitoError(f"a tier can be skipped only if its modules are written; not yet: {', '.join(unwritten)}.")
        return cls(tuple(module for module in curriculum.modules if module.slug in names))


def build_student(
    course: Path,
    output: Path,
    tiers: list[str],
    prebuilt: list[str] | None = None,
    fast: bool = False,
    closed: Collection[str] = (),
) -> Path:
    """Build the student's wheel for a semester that runs these tiers; return its path.

    With `fast` it has `tinytorch.fast`; the modules that this answers must be prebuilt or among those in `closed`.
    """
    curriculum = load_curriculum(course)
    choice = Choice.of(curriculum, tiers, prebuilt or [])
    if fast:
        require_closed(checkout_of_code(course.parent), {*closed, *(module.slug for module in choice.prebuilt)})
    core = {JSON_NAME: json.dumps(curriculum.to_json(), indent=1, ensure_ascii=False) + "\n"}
    for module in choice.prebuilt:
        exported = export_module(module)
        core[exported.file_name] = exported.text
    return _build("student", course.parent, output, core, fast)


def build_worker(course: Path, output: Path) -> Path:
    """Build the worker's wheel; return its path."""
    curriculum = json.dumps(load_curriculum(course).to_json(), indent=1, ensure_ascii=False) + "\n"
    return _build("worker", course.parent, output, {JSON_NAME: curriculum})


def _build(kind: str, checkout: Path, output: Path, core: dict[str, str], fast: bool = False) -> Path:
    from hatchling.builders.wheel import WheelBuilder

    checkout = checkout_of_code(checkout)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tito-wheel-") as folder:
        stage = Path(folder)
        _stage(kind, checkout, stage, fast)
        for name, text in core.items():
            (stage / "tinytorch" / "core" / name).write_text(text, encoding="utf-8")
        _write_pyproject(kind, checkout, stage)
        with tempfile.TemporaryDirectory(dir=output) as fresh:
            built = Path(next(iter(WheelBuilder(str(stage)).build(directory=fresh, versions=["standard"]))))
            return built.replace(output / built.name)


def checkout_of_code(beside_course: Path) -> Path:
    """Return the checkout with the code to pack; a course tree elsewhere (`TITO_COURSE`) has none: then use ours."""
    if (beside_course / "pyproject.toml").is_file():
        return beside_course
    return Path(__file__).resolve().parents[3]


def contents(kind: str, checkout: Path, fast: bool = False) -> dict[str, Path]:
    """List the checkout's files that go into a wheel, by their names there; `tinytorch.fast` only with `fast`."""
    found: dict[str, Path] = {}
    for source, place in CONTENTS[kind].items():
        for path in sorted(checkout.glob(source)):
            files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
            above = path.parent if path.is_file() else path
            found |= {f"{place}/{file.relative_to(above).as_posix()}": file for file in files}
    return {name: path for name, path in found.items() if not _is_left_out(kind, name, fast)}


def _is_left_out(kind: str, name: str, fast: bool) -> bool:
    parts = name.split("/")
    if {"__pycache__", ".ipynb_checkpoints"} & set(parts):
        return True
    if parts[:2] == ["tinytorch", "core"] and parts[2:] != ["__init__.py"]:  # generated: a wheel gets its own
        return True
    return any(name.startswith(f"{place}/") for place in LEFT_OUT[kind] if not (fast and place == FAST))


def _stage(kind: str, checkout: Path, stage: Path, fast: bool) -> None:
    for name, path in contents(kind, checkout, fast).items():
        target = stage / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    (stage / "tinytorch" / "core").mkdir(parents=True, exist_ok=True)


def _write_pyproject(kind: str, checkout: Path, stage: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = PYPROJECT.format(
        kind=kind,
        version=project["version"],
        python=project["requires-python"],
        dependencies=json.dumps(project["dependencies"]),
        packages=json.dumps(sorted(path.name for path in stage.iterdir())),
        scripts=SCRIPTS if kind == "student" else "",
    )
    (stage / "pyproject.toml").write_text(text, encoding="utf-8")


def prebuilt_of_semester(path: Path, curriculum: Curriculum) -> list[str]:
    """Read which modules come prebuilt from a semester file."""
    from tito.semester.read import read

    return list(read(path, curriculum).selection.prebuilt)


def split(text: str) -> list[str]:
    """Split a comma-separated list."""
    return [part.strip() for part in text.split(",") if part.strip()]
