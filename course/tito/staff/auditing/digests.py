"""Digests of everything that an audit's record depends on: the module's own files, and separately everything else.

A change to the module's own files makes its record stale: its author audits it again. A change elsewhere does not; the
sample finds out whether the record is still true. So everything that may matter is listed, rather too much than too
little.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from tito.curriculum import Curriculum, Module
from tito.staff.auditing.equivalent import FILE_NAME as EQUIVALENTS
from tito.staff.package import checkout_of_code, contents

CODE = {
    "judge": (
        "course/tito/*.py",
        "course/tito/curriculum/*.py",
        "course/tito/source/*.py",
        "course/tito/checks/*.py",
        "course/tito/judge/*.py",
        "course/tito/judge/sandbox/*.py",
    ),
    "notebooks": ("course/tito/source/release.py", "course/tito/source/stubs.py"),
    "audit": ("course/tito/staff/auditing/*.py",),
    "locks": ("requirements/worker.lock", "requirements/dev.lock"),
}


def own_digests(module: Module) -> dict[str, str]:
    """A digest of each of the module's own files, by name; a missing file has none."""
    assert module.folder is not None
    files = [module.source, module.folder / "module.yaml", module.folder / EQUIVALENTS]
    return {path.name: _digest([(path.name, path)]) for path in files if path.is_file()}


def elsewhere_digests(
    module: Module, curriculum: Curriculum, course: Path, alternatives: Path | None = None, checkout: Path | None = None
) -> dict[str, str]:
    """A digest of each kind of input outside the module, by name."""
    checkout = checkout or checkout_of_code(course.parent)
    before = [(other.label, other.source) for other in curriculum.before(module) if other.is_written]
    others = sorted((alternatives / module.slug).glob("*.py")) if alternatives else []
    found = {
        "predecessors": _digest(before),
        "alternatives": _digest((path.name, path) for path in others),
        "worker": _digest(contents("worker", checkout).items(), json.dumps(curriculum.to_json(), sort_keys=True)),
    }
    return found | {kind: _digest(_matching(checkout, patterns)) for kind, patterns in CODE.items()}


def _matching(checkout: Path, patterns: Iterable[str]) -> list[tuple[str, Path]]:
    paths = [path for pattern in patterns for path in sorted(checkout.glob(pattern))]
    return [(path.relative_to(checkout).as_posix(), path) for path in paths]


def _digest(files: Iterable[tuple[str, Path]], more: str = "") -> str:
    digest = hashlib.sha256(more.encode())
    for name, path in files:
        content = path.read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:32]
