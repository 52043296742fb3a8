"""Keep the parts of an audit by the content of everything they depend on: what has not changed is not judged again.

Written whole or not at all; a file that can't be read is no file.
"""

import functools
import hashlib
import json
import platform
from collections.abc import Iterable
from pathlib import Path

import numpy as np

import tinytorch.testing
import tito
from tito.atomic import write_atomically
from tito.curriculum import Curriculum, Module
from tito.grading.plans import plan_of

KEPT = 4000  # parts; older ones go


class Cache:
    """A folder of JSON files named by what went into them."""

    def __init__(self, folder: Path):
        self.folder = folder

    def get(self, key: str) -> dict | None:
        try:
            return json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def put(self, key: str, part: dict) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / f"{key}.json", json.dumps(part))
        old = sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-KEPT]
        for path in old:
            path.unlink(missing_ok=True)


def exercise_key(module: Module, curriculum: Curriculum, name: str) -> str:
    """The key of an exercise: the module's code, its own tests and those of the exercises that use it."""
    plan = plan_of(module)
    matters = {name} | {user for user, uses in plan.uses.items() if name in uses}
    for _ in plan.uses:
        matters |= {user for user, uses in plan.uses.items() if matters & set(uses)}
    steps = [(step.name, step.source, step.stub) for step in plan.steps]
    tests = [(test.name, test.source) for test in plan.tests if test.exercise in matters]
    return _key("exercise", name, steps, tests, plan.points, plan.uses, plan.imports, *_around(module, curriculum))


def whole_key(module: Module, curriculum: Curriculum, alternatives: Path | None) -> str:
    """The key of a module as a whole: its source and data, and the alternatives."""
    assert module.folder is not None
    files = [module.source, module.folder / "module.yaml"]
    files += sorted((alternatives / module.slug).glob("*.py")) if alternatives else []
    walls = sorted((Path(tito.__file__).parent / "grading").glob("*.py"))
    return _key("whole", _digest(files), _digest(walls), *_around(module, curriculum))


def _around(module: Module, curriculum: Curriculum) -> tuple:
    before = [other.source for other in curriculum.before(module) if other.is_written]
    return module.slug, _digest(before), _digest_of_code(), platform.python_version(), np.__version__


@functools.lru_cache(maxsize=1)
def _digest_of_code() -> str:
    ours, theirs = Path(tito.__file__).parent, Path(tinytorch.testing.__file__).parents[1]
    folders = [ours / "judging", ours / "worker", ours / "staff" / "auditing", theirs / "testing"]
    files = [path for folder in folders for path in sorted(folder.glob("*.py"))]
    files += [*sorted(theirs.glob("*.py")), ours / "grading" / "plans.py", ours / "grading" / "predecessors.py"]
    return _digest([path for path in files if path.name not in ("report.py", "table.py", "cache.py", "equivalent.py")])


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _key(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
