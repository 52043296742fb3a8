"""A module's cells as lint sees them: parsed, by role, with line numbers."""

import ast
from dataclasses import dataclass, field

from tito.curriculum import Module
from tito.errors import Finding
from tito.source.percent import Cell


@dataclass
class ModuleSource:
    """The cells of a module, and the syntax tree of each code cell."""

    module: Module
    cells: list[Cell]
    trees: dict[int, ast.Module] = field(default_factory=dict)
    syntax: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        for cell in self.code:
            try:
                self.trees[cell.number] = ast.parse(_without_magics(cell.source))
            except SyntaxError as error:
                line = cell.line + (error.lineno or 1) - 1
                self.syntax.append(Finding(self.module.source, line, f"is not Python: {error.msg}"))

    @property
    def code(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == "code"]

    @property
    def solutions(self) -> list[Cell]:
        return [cell for cell in self.code if cell.nbgrader.get("solution")]

    @property
    def tests(self) -> list[Cell]:
        return [cell for cell in self.code if cell.nbgrader.get("grade")]

    @property
    def written(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == "markdown" and cell.nbgrader.get("grade")]

    def tree(self, cell: Cell) -> ast.Module:
        return self.trees[cell.number]

    def after(self, cell: Cell) -> Cell | None:
        """The cell that follows, or None."""
        return self.cells[cell.number] if cell.number < len(self.cells) else None

    def before(self, cell: Cell) -> Cell | None:
        """The cell that comes before, or None."""
        return self.cells[cell.number - 2] if cell.number > 1 else None

    def at(self, cell: Cell, message: str, line: int = 1) -> Finding:
        """A finding at a line of a cell, counted from 1."""
        return Finding(self.module.source, cell.line + line - 1, message)

    def in_yaml(self, message: str) -> Finding:
        return Finding(self.module.source.parent / "module.yaml", 1, message)


def _without_magics(source: str) -> str:
    return "\n".join(f"# {line}" if line.startswith(("%", "!")) else line for line in source.split("\n"))


def called(node: ast.AST) -> str:
    """Return the name of what a call calls: `same`, `test.check`, `np.random.normal`; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = called(node.value)
        return f"{base}.{node.attr}" if base else f".{node.attr}"
    return ""


def constant(node: ast.AST | None):
    """The value of a literal, None for a computed expression."""
    return node.value if isinstance(node, ast.Constant) else None
