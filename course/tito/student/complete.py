"""Turn a finished notebook into an importable module of the student's own package, or say why not and change nothing.

Promises: the notebook is never written to; the student's export is replaced in one step and the previous one kept;
code that is broken, unsolved or endless, or that fails its visible tests, is never exported.
"""

from dataclasses import dataclass
from pathlib import Path

from tito.atomic import write_atomically
from tito.curriculum import Module
from tito.errors import FindingsError, TitoError
from tito.source.export import Exported, Origin, export_cells
from tito.source.notebook import NotebookError, check_syntax, describe, read_notebook, unsolved
from tito.source.percent import Cell
from tito.student.fresh import import_fresh
from tito.workspace import Workspace, now

# What tinytorch says about a module that is not completed yet; the student needs no other advice.
NOT_BUILT = "is built in module"


@dataclass(frozen=True)
class Prepared:
    """A notebook that was read and exported in memory."""

    path: Path
    cells: list[Cell]
    exported: Exported


def prepare(workspace: Workspace, module: Module) -> Prepared:
    """Read the notebook and export it in memory; faults in its structure are reported to the student."""
    path = workspace.notebook(module.slug)
    cells = read_notebook(path)
    check_syntax(cells, path)
    try:
        exported = export_cells(cells, path, f"by `tito module complete {module.slug}`")
    except FindingsError as error:
        raise NotebookError(_about_setup(path, module, str(error.findings[0].message))) from None
    if exported.target != f"core.{module.slug}":
        raise NotebookError(_about_setup(path, module, f"'#| default_exp' says {exported.target}"))
    missing = [name for name in module.exports if name not in exported.names]
    if missing:
        raise NotebookError(
            f"{path.name} no longer defines {', '.join(missing)}, which later modules import. Was a cell deleted or "
            "renamed, or did one lose its first line '#| export'? "
            f"{workspace.show(workspace.release(module.slug))} has the original."
        )
    return Prepared(path, cells, exported)


def _about_setup(path: Path, module: Module, why: str) -> str:
    return (
        f"{path.name}: {why}. The Setup cell must start with '#| default_exp core.{module.slug}': put the line back, "
        f"or take the cell from the original (tito module reset {module.slug} keeps your notebook as a copy)."
    )


def require_solved(prepared: Prepared, module: Module) -> None:
    """Raise if there are stubs left, naming them and their cells."""
    left = unsolved(prepared.cells)
    if left:
        count, all_of_them = len(left), len(module.exercises)
        raise NotebookError(
            f"{count} of {all_of_them} exercises of {module.label} are not solved yet:\n"
            + "\n".join(f"  {cell.name}: {describe(cell)}" for cell in left)
            + "\nSolve them, run the cells, save, and try again. "
            f"'tito module test {module.slug}' tests what you have so far.",
            left[0].number,
        )


def require_running(workspace: Workspace, module: Module, prepared: Prepared, limit_seconds: float) -> None:
    """Raise if the exported code doesn't run in a fresh process, naming cell and line."""
    trouble = import_fresh(workspace, module.slug, prepared.exported, limit_seconds)
    if trouble is None:
        return
    hint = (
        ""
        if NOT_BUILT in trouble.message
        else (
            "It may have worked in your notebook because you ran a cell that has since been deleted, or one that is "
            "further down: restart the kernel and run all cells.\n"
        )
    )
    where = place(prepared, trouble.origin) if trouble.origin else prepared.path.name
    cell = trouble.origin.cell if trouble.origin else None
    raise NotebookError(f"{where}\n    {trouble.message}\n{hint}Nothing was exported.", cell)


def place(prepared: Prepared, origin: Origin) -> str:
    """Name a line of the notebook, and show it."""
    cell = prepared.cells[origin.cell - 1]
    text = cell.source.splitlines()[origin.line - 1].strip()
    return f"{prepared.path.name}, {describe(cell)}, line {origin.line}:\n    {text}"


def install(workspace: Workspace, module: Module, prepared: Prepared) -> bool:
    """Put the export into the student's package, keeping the previous one; return whether it changed."""
    target = workspace.exported(module.slug)
    old = target.read_bytes() if target.is_file() else None
    if old is not None and old.decode("utf-8", errors="replace") != prepared.exported.text:
        write_atomically(workspace.previous(module.slug), old)
    changed = old != prepared.exported.text.encode()
    if changed:
        write_atomically(target, prepared.exported.text)
    workspace.remember(module.slug, completed=now())
    return changed


def is_changed_since(workspace: Workspace, module: Module) -> bool:
    """Tell whether the notebook would be exported differently now; one that can't be read counts as changed."""
    try:
        return prepare(workspace, module).exported.text != workspace.exported(module.slug).read_text(encoding="utf-8")
    except (TitoError, OSError):
        return True
