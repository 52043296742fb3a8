"""Put a module's notebook into the student's home, or replace it with a fresh one; what was there is never lost."""

import shutil
from datetime import datetime
from pathlib import Path

from tito.atomic import write_atomically
from tito.curriculum import Curriculum, Module, find_course
from tito.errors import TitoError
from tito.history.keeping import keep_notebook
from tito.workspace import Workspace, now


def start_module(workspace: Workspace, module: Module, curriculum: Curriculum) -> bool:
    """Put the release where the student works; return False if there is a notebook already, which is left alone."""
    notebook = workspace.notebook(module.slug)
    if notebook.exists():
        if "started" not in workspace.recall(module.slug):
            workspace.remember(module.slug, started=now())
        return False
    write_atomically(notebook, pristine(workspace, module, curriculum))
    workspace.remember(module.slug, started=now())
    return True


def reset_module(workspace: Workspace, module: Module, curriculum: Curriculum) -> Path | None:
    """Replace the notebook with its release; return where the old one is kept, None if there was none."""
    fresh = pristine(workspace, module, curriculum)
    notebook = workspace.notebook(module.slug)
    copy = None
    if notebook.exists():
        keep_notebook(workspace, module.slug, "before a reset")
        copy = _unused(workspace, module.slug)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(notebook, copy)
    write_atomically(notebook, fresh)
    workspace.remember(module.slug, started=now())
    return copy


def _unused(workspace: Workspace, slug: str) -> Path:
    wanted = workspace.copy_of(slug, datetime.now())
    path, count = wanted, 1
    while path.exists():
        count += 1
        path = wanted.with_stem(f"{wanted.stem}-{count}")
    return path


def pristine(workspace: Workspace, module: Module, curriculum: Curriculum) -> bytes:
    """Read the fetched release; if the course tree is here, generate it."""
    release = workspace.release(module.slug)
    if release.is_file():
        return release.read_bytes()
    if find_course() is not None:
        from tito.source.release import release_notebook

        made = release_notebook(module, curriculum).encode()
        write_atomically(release, made)
        return made
    raise TitoError(
        f"{module.label} is not here yet: get it with 'tito fetch {module.slug}' as soon as the course releases it."
    )
