"""The notebooks of the modules that students build: made by `tito nbgrader generate`, in a process of its own.

A notebook is made again when the module's source or its metadata changed. What students were given does not change by
that: a corrected notebook reaches them when somebody releases it again.
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

import tito.staff
from tito.curriculum import Curriculum, Module
from tito.errors import TitoError
from tito.grading.service.gradebook_lock import gradebook_lock
from tito.semester import times
from tito.semester.read import Valid
from tito.semester.service.change import Change
from tito.semester.service.database import Generated

TITO = (sys.executable, "-m", "tito.cli")
MAKERS = tuple(Path(tito.staff.__file__).with_name(name) for name in ("notebooks.py", "stubs.py"))
LONGEST_SECONDS = 300  # nbgrader's converter takes under a second for a module


def changes(valid: Valid, engine: Engine, curriculum: Curriculum, course_dir: Path) -> list[Change]:
    """Return which modules' notebooks are to be made, and why."""
    found = []
    for slug in valid.selection.built:
        module = curriculum.find(slug)
        if reason := why_generate(engine, valid.semester.course, module, course_dir):
            make = partial(generate, engine, valid.semester.course, module, course_dir)
            found.append(Change("~" if reason == "source changed" else "+", "notebooks", slug, reason, make))
    return found


def release_folder(course_dir: Path, slug: str) -> Path:
    """Return where nbgrader keeps what students get."""
    return course_dir / "release" / slug


def generate(engine: Engine, course: str, module: Module, course_dir: Path) -> None:
    """Make the staff notebook and the release of `module`; raise TitoError with what the generator said."""
    fingerprint, now = _fingerprint(module), times.now()
    words = [*TITO, "nbgrader", "generate", module.slug, "--course-dir", str(course_dir)]
    course_tree = str(module.source.parents[2])
    # nbgrader runs the command `alembic` when it makes a new gradebook
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    course_dir.mkdir(parents=True, exist_ok=True)
    with gradebook_lock(course_dir):  # nbgrader writes the module's cells into the gradebook
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            env={**os.environ, "TITO_COURSE": course_tree, "PATH": path},
        )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise TitoError(f"notebooks of {module.label} could not be made: {said}")
    _remember(engine, course, module.slug, fingerprint, now)


def why_generate(engine: Engine, course: str, module: Module, course_dir: Path) -> str | None:
    """Say why the notebooks of `module` are to be made, None if they are as its source says."""
    with Session(engine) as session:
        row = session.get(Generated, (course, module.slug))
        before = row.fingerprint if row else None
    if not (release_folder(course_dir, module.slug) / f"{module.slug}.ipynb").is_file() or before is None:
        return "not made yet"
    return "source changed" if before != _fingerprint(module) else None


def _fingerprint(module: Module) -> str:
    """Name the content of the module's source and metadata, and of the code that makes notebooks of them."""
    digest = hashlib.sha256()
    for file in (module.source, module.source.with_name("module.yaml"), *MAKERS):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _remember(engine: Engine, course: str, slug: str, fingerprint: str, now: datetime) -> None:
    with Session(engine) as session, session.begin():
        session.merge(Generated(course=course, module=slug, fingerprint=fingerprint, at=now))
