"""Where versions are, and to which module's history a notebook belongs.

A notebook belongs to a module by its folder or by its own name, as `tensor/old.ipynb` and `old/tensor.ipynb` do: work
goes on under other names, and a history that ended at a rename would be useless. A name is a module's if the module was
fetched or started here.
"""

from pathlib import Path, PurePosixPath

from tito.workspace import Workspace

FOLDER = ".history"


def histories(workspace: Workspace) -> Path:
    """Return the folder of all versions."""
    return workspace.package / FOLDER


def module_of(workspace: Workspace, path: str) -> str:
    """Return the module of a notebook, given its path below the home; "" if it belongs to none."""
    parts = PurePosixPath(path)
    if parts.suffix != ".ipynb" or parts.is_absolute() or any(part.startswith(".") for part in parts.parts):
        return ""
    known = (name for name in (parts.parent.name, parts.stem) if name and _is_module(workspace, name))
    return next(known, "")


def notebooks_at(workspace: Workspace, path: str) -> list[str]:
    """List the modules' notebooks at a path below the home: the file itself, or those in the folder."""
    home = workspace.package.parent
    found = sorted((home / path).glob("*.ipynb")) if (home / path).is_dir() else [home / path]
    names = [PurePosixPath(each.relative_to(home)).as_posix() for each in found if each.is_file()]
    return [name for name in names if module_of(workspace, name)]


def modules_with_history(workspace: Workspace) -> list[str]:
    """List the modules that have versions, by name."""
    folder = histories(workspace)
    return sorted(each.name for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []


def _is_module(workspace: Workspace, name: str) -> bool:
    return workspace.release(name).is_file() or (histories(workspace) / name).is_dir()
