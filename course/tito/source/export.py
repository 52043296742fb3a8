"""Turn a module's source, or a student's notebook, into `tinytorch/core/NAME.py`, by its structure, never executing it.

Promises: the same input gives the same bytes; a file is replaced in one step; the first line says where to edit; above
each cell's code a comment names its source, and `Exported.origin(line)` maps a traceback's line back to cell and line.
"""

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path

from tito.atomic import write_if_changed
from tito.curriculum import JSON_NAME, Curriculum, Module, load_curriculum
from tito.errors import Finding, FindingsError

from .percent import DIRECTIVE, Cell, read_percent

GENERATED = "# Generated from "
_SOLUTION_MARK = re.compile(r"^\s*### (BEGIN|END) SOLUTION\s*$")
_TARGET = re.compile(r"^core\.[a-z][a-z0-9_]*$")


@dataclass(frozen=True)
class Origin:
    """Where a line was written: cell (from 1), line in the cell, and for a percent file, line in the file."""

    cell: int
    line: int
    file_line: int
    name: str = ""


@dataclass(frozen=True)
class Exported:
    """The text of a generated file, and the origin of each of its lines, None for generated lines."""

    target: str  # such as "core.tensor"
    text: str
    origins: tuple[Origin | None, ...]
    names: tuple[str, ...]

    def origin(self, line: int) -> Origin | None:
        """Return where a line of the generated file, counted from 1, was written."""
        return self.origins[line - 1] if 0 < line <= len(self.origins) else None

    @property
    def file_name(self) -> str:
        return f"{self.target.removeprefix('core.')}.py"


def export_cells(cells: list[Cell], source: Path, edit: str) -> Exported:
    """Export the cells marked `#| export` into the file that `#| default_exp` names.

    `source` names the file in messages and comments; `edit` completes the first line, such as "by `tito export`".
    A missing target or a syntax error raises a FindingsError with its place.
    """
    target = find_target(cells, source)
    layout = _Layout(source)
    layout.add(f"{GENERATED}{source.name} {edit}: edit it there, this file is overwritten.")
    names: list[str] = []
    for cell in cells:
        if cell.kind == "code" and "export" in cell.directives():
            names.extend(_public_names(cell, source))
            layout.add_cell(cell)
    names = list(dict.fromkeys(names))
    layout.add("", "", "__all__ = [", *(f'    "{name}",' for name in names), "]")
    return Exported(target, "\n".join(layout.lines) + "\n", tuple(layout.origins), tuple(names))


class _Layout:
    """Lines of the generated file, each with its origin."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.lines: list[str] = []
        self.origins: list[Origin | None] = []

    def add(self, *lines: str) -> None:
        self.lines.extend(lines)
        self.origins.extend([None] * len(lines))

    def add_cell(self, cell: Cell) -> None:
        written = [
            (offset, line)
            for offset, line in enumerate(cell.source.splitlines())
            if not DIRECTIVE.match(line) and not _SOLUTION_MARK.match(line)
        ]
        while written and not written[0][1].strip():
            written.pop(0)
        if not written:
            return
        self.add("", "", f"# {place(self.source, cell, written[0][0])}")
        for offset, line in written:
            self.lines.append(line.rstrip())
            self.origins.append(Origin(cell.number, offset + 1, cell.line + offset if cell.line else 0, cell.name))


def place(source: Path, cell: Cell, offset: int = 0) -> str:
    """Name a cell in words: file and line in a percent file, cell number in a notebook."""
    where = f"{source.name}:{cell.line + offset}" if cell.line else f"{source.name}, cell {cell.number}"
    return f"{where} ({cell.name})" if cell.name else where


def find_target(cells: list[Cell], source: Path) -> str:
    """Read `#| default_exp core.name`; none, several or a malformed one are errors."""
    found = [(cell, cell.directives()["default_exp"]) for cell in cells if "default_exp" in cell.directives()]
    if len(found) != 1:
        rule = "exactly one code cell must start with '#| default_exp core.NAME'"
        raise FindingsError([Finding(source, found[1][0].line if found else 1, f"{rule}, but {len(found)} do")])
    cell, target = found[0]
    if not _TARGET.match(target):
        raise FindingsError([Finding(source, cell.line, f"'#| default_exp' must be core.NAME, not {target!r}")])
    return target


def _public_names(cell: Cell, source: Path) -> list[str]:
    try:
        tree = ast.parse(cell.source)
    except SyntaxError as error:
        line = (error.lineno or 1) + max(cell.line - 1, 0)
        message = f"cell {cell.number} is not Python: {error.msg}"
        raise FindingsError([Finding(source, line, message)]) from None
    names = []
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names.extend(
                leaf.id for leaf in ast.walk(ast.Tuple(node.targets, ast.Load())) if isinstance(leaf, ast.Name)
            )
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append(node.target.id)
    return [name for name in names if not name.startswith("_")]


def export_module(module: Module) -> Exported:
    """Export one module from its source; its target must be its slug."""
    source = module.source
    exported = export_cells(read_percent(source), source, f"by `tito export {module.slug}`")
    if exported.target != f"core.{module.slug}":
        message = f"'#| default_exp' must be core.{module.slug} like the folder's name, not {exported.target}"
        raise FindingsError([Finding(source, 1, message)])
    missing = [name for name in module.exports if name not in exported.names]
    if missing:
        message = f"'exports' lists {', '.join(missing)}, but no cell with '#| export' defines it: define or remove it"
        raise FindingsError([Finding(source.parent / "module.yaml", 1, message)])
    return exported


def export_all(course_dir: Path, core_dir: Path) -> list[Path]:
    """Make `core_dir` match the course: all written modules and `curriculum.json`; return the files that changed.

    Generated files of modules that no longer exist are removed; other files are left alone. Nothing is written if any
    module has an error.
    """
    wanted = generate(load_curriculum(course_dir))
    changed = [core_dir / name for name, text in wanted.items() if write_if_changed(core_dir / name, text)]
    for path in stale(core_dir, wanted):
        path.unlink()
        changed.append(path)
    return changed


def generate(curriculum: Curriculum) -> dict[str, str]:
    """Generate every file of `core/` in memory: file name to text."""
    wanted = {}
    findings: list[Finding] = []
    for module in curriculum.written:
        try:
            exported = export_module(module)
            wanted[exported.file_name] = exported.text
        except FindingsError as error:
            findings.extend(error.findings)
    if findings:
        raise FindingsError(findings)
    wanted[JSON_NAME] = json.dumps(curriculum.to_json(), indent=1, ensure_ascii=False) + "\n"
    return wanted


def stale(core_dir: Path, wanted: dict[str, str]) -> list[Path]:
    """Find generated files that no longer have a module."""
    found = []
    for path in sorted(core_dir.glob("*.py")) if core_dir.is_dir() else ():
        with path.open(encoding="utf-8") as file:
            if path.name not in wanted and file.readline().startswith(GENERATED):
                found.append(path)
    return found
