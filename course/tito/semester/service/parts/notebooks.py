"""The notebooks of the modules that students build: made by `tito nbgrader generate`, in a separate process.

A notebook is made again when the module's source or its metadata changed. This does not change what students were
given: a corrected notebook reaches them when somebody releases it again.
"""

import hashlib
import os
import subprocess
import sys
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

import tito.source
from tito.curriculum import Curriculum, Module
from tito.errors import TitoError
from tito.gradebook.lock import gradebook_lock
from tito.semester import times
from tito.semester.read import Valid
from tito.semester.service.change import Change
from tito.semester.service.database import Generated

TITO = (sys.executable, "-m", "tito.cli")
MAKERS = tuple(Path(tito.source.__file__).with_name(name) for name in ("release.py", "stubs.py"))
LONGEST_SECONDS = 600  # nbgrader's converter takes a second for a module on a quiet machine
CHANGED = "source changed"


def changes(valid: Valid, engine: Engine, curriculum: Curriculum, course_dir: Path) -> list[Change]:
    """Return which modules' notebooks must be made, and why; those with the same reason are made in one process."""
    reasons: dict[str, list[Module]] = {}
    for module in map(curriculum.find, valid.selection.built):
        if reason := why_generate(engine, valid.semester.course, module, course_dir):
            reasons.setdefault(reason, []).append(module)
    return [
        Change(
            "~" if reason == CHANGED else "+",
            "notebooks",
            ", ".join(module.slug for module in modules),
            reason,
            partial(generate, engine, valid.semester.course, modules, course_dir),
        )
        for reason, modules in reasons.items()
    ]


def release_folder(course_dir: Path, slug: str) -> Path:
    """Return where nbgrader keeps what students get."""
    return course_dir / "release" / slug


def generate(engine: Engine, course: str, modules: list[Module], course_dir: Path) -> None:
    """Make the notebooks of `modules`; raise TitoError with what the generator said of each bad one."""
    fingerprints, now = {module.slug: _fingerprint(module) for module in modules}, times.now()
    said = {module.slug: "" for module in modules}
    if together := _run(modules, course_dir):
        # One module with a mistake must not keep the others from the students.
        said = {m.slug: _run([m], course_dir) if len(modules) > 1 else together for m in modules}
    for slug, fingerprint in fingerprints.items():
        if not said[slug]:
            _remember(engine, course, slug, fingerprint, now)
    if wrong := [f"notebooks of {slug} could not be made: {text}" for slug, text in said.items() if text]:
        raise TitoError("\n".join(wrong))


def _run(modules: list[Module], course_dir: Path) -> str:
    """Run the generator; return what it said if it failed."""
    words = [*TITO, "nbgrader", "generate", *(module.slug for module in modules), "--course-dir", str(course_dir)]
    course_tree = str(modules[0].source.parents[2])
    environment = {**os.environ, "TITO_COURSE": course_tree}
    course_dir.mkdir(parents=True, exist_ok=True)
    with gradebook_lock(course_dir):  # nbgrader writes the modules' cells into the gradebook
        done = subprocess.run(words, capture_output=True, text=True, timeout=LONGEST_SECONDS, env=environment)
    return (done.stderr or done.stdout).strip()[-2000:] or "it gave no reason" if done.returncode else ""


def why_generate(engine: Engine, course: str, module: Module, course_dir: Path) -> str | None:
    """Return why the notebooks of `module` must be made, None if they match its source."""
    with Session(engine) as session:
        row = session.get(Generated, (course, module.slug))
        before = row.fingerprint if row else None
    if not (release_folder(course_dir, module.slug) / f"{module.slug}.ipynb").is_file() or before is None:
        return "not made yet"
    return CHANGED if before != _fingerprint(module) else None


def _fingerprint(module: Module) -> str:
    """Return a digest of the module's source and metadata, and of the code that makes notebooks from them."""
    digest = hashlib.sha256()
    for file in (module.source, module.source.with_name("module.yaml"), *MAKERS):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _remember(engine: Engine, course: str, slug: str, fingerprint: str, now: datetime) -> None:
    with Session(engine) as session, session.begin():
        session.merge(Generated(course=course, module=slug, fingerprint=fingerprint, at=now))
