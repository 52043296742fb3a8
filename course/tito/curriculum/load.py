"""Load the curriculum: from the course tree, or if there is none, from the generated `curriculum.json`."""

import contextlib
import functools
import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path

from tito.errors import Finding, FindingsError, TitoError

from .model import Curriculum, Exercise, Module, Tier, WrittenAnswer

JSON_NAME = "curriculum.json"


def load_curriculum(course_dir: Path | None = None) -> Curriculum:
    """Read the course tree (given, `TITO_COURSE`, or the one around this file), or the installed `curriculum.json`.

    A course tree is checked while it is read; all faults are raised in one FindingsError with file, line and remedy.
    """
    course_dir = course_dir or find_course()
    if course_dir is not None:
        from .files import read_course  # needs YAML, which readers of JSON need not load

        return read_course(course_dir)
    return read_json(installed_core() / JSON_NAME)


def known_curriculum(course_dir: Path | None = None) -> Curriculum:
    """Do what `load_curriculum` does, for frequent callers: a course tree is read again only after it has changed."""
    course_dir = course_dir or find_course()
    if course_dir is None:
        return load_curriculum()
    return _read_once(course_dir, tuple(sorted(_files_and_times(course_dir))))


def _files_and_times(course_dir: Path) -> Iterator[tuple[str, int]]:
    """Yield each file of a curriculum and when it was changed; called several times for each submission."""
    with contextlib.suppress(FileNotFoundError):
        yield "", (course_dir / "semesters" / "tiers.yaml").stat().st_mtime_ns
    with contextlib.suppress(FileNotFoundError), os.scandir(course_dir / "modules") as folders:
        for folder in folders:
            if folder.is_dir():
                with os.scandir(folder) as files:
                    for each in files:
                        if each.name.endswith((".yaml", "_dev.py")) and each.is_file():
                            yield each.path, each.stat().st_mtime_ns


@functools.lru_cache(maxsize=64)
def _read_once(course_dir: Path, state: tuple[tuple[str, int], ...]) -> Curriculum:
    return load_curriculum(course_dir)


def find_course() -> Path | None:
    """Find the course tree: the folder named by `TITO_COURSE`, else the one that has this file, else None."""
    named = os.environ.get("TITO_COURSE")
    if named:
        if not (Path(named) / "modules").is_dir():
            raise TitoError(f"TITO_COURSE must name a course tree with a folder 'modules', not {named!r}.")
        return Path(named)
    beside = Path(__file__).resolve().parents[2]
    return beside if (beside / "modules").is_dir() and (beside / "semesters").is_dir() else None


def require_course() -> Path:
    """Find the course tree, or raise an error that says that this command needs one."""
    course = find_course()
    if course is None:
        raise TitoError(
            "this command needs the course tree: run it in the checkout, or set TITO_COURSE to its course/."
        )
    return course


def installed_core() -> Path:
    """Find the installed `tinytorch/core`, without importing tinytorch (and numpy with it)."""
    spec = importlib.util.find_spec("tinytorch")
    if spec is None or not spec.submodule_search_locations:
        raise TitoError(
            "the package tinytorch is not installed here: install it with pip, or run this in the checkout."
        )
    return Path(next(iter(spec.submodule_search_locations))) / "core"


def read_json(path: Path) -> Curriculum:
    """Read what `to_json` wrote."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TitoError(
            f"{path} is missing: `tito export --all` generates it; an installed package already has it."
        ) from None
    except ValueError as error:
        raise FindingsError([Finding(path, 1, f"is not JSON as `tito export --all` writes it: {error}")]) from None
    return Curriculum(
        tuple(Tier(**tier) for tier in data["tiers"]), tuple(_module_from_json(module) for module in data["modules"])
    )


def _module_from_json(data: dict) -> Module:
    data = dict(data, is_written=data["written"])
    del data["written"]
    data["prerequisites"] = tuple(data["prerequisites"])
    data["exports"], data["files"] = tuple(data["exports"]), tuple(data.get("files", ()))
    data["exercises"] = tuple(Exercise(e["name"], e["points"], tuple(e["uses"])) for e in data["exercises"])
    data["written_answers"] = tuple(WrittenAnswer(**answer) for answer in data["written_answers"])
    return Module(**data)
