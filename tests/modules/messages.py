"""The page docs/wrong-answers.md: what a notebook shows students for each mistake that modules 01 to 08 warn of.

`python -m tests.modules.messages` writes it, after `tito export --all`; with module names (`... tensor losses`) it
rewrites only their sections. The visible checks run in this process, as they do in a notebook.
"""

import ast
import contextlib
import importlib
import io
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tito.checks.plan import without_hidden
from tito.curriculum import Mistake, Module, load_curriculum
from tito.source.percent import Cell, read_percent
from tito.staff.mistakes import faulty

from tinytorch.testing import ChecksFailed
from tinytorch.testing.exercise import Outcome

ROOT = Path(__file__).resolve().parents[2]
COURSE, PAGE = ROOT / "course", ROOT / "docs" / "wrong-answers.md"
TIER = "foundation"
LONGEST = 200  # characters of a table cell: the first sentences suffice

INTRODUCTION = """# Wrong answers and the messages that students get

Each row is a mistake that the notebook warns of and that `module.yaml` declares: what the reference contains, what
somebody wrote instead, and the first visible check that fails, with its message. Read it to see whether a message
names the fault. The page quotes solutions, so it is for staff only. `python -m tests.modules.messages` generates it.

"""
HEAD = "| exercise | the warning | written | the check that fails | what it says |\n| --- | --- | --- | --- | --- |\n"


def modules() -> list[Module]:
    """The modules on the page, in order."""
    return [module for module in load_curriculum(COURSE).written if module.tier == TIER]


def declared(module: Module) -> list[tuple[str, Mistake]]:
    """All mistakes that a module declares, each with the name of its exercise."""
    return [(exercise.name, mistake) for exercise in module.exercises for mistake in exercise.mistakes]


def start_of(exercise: str, mistake: Mistake) -> str:
    """The beginning of a mistake's row, which no other mistake shares."""
    written = cell(f"{folded(mistake.replace)} → {folded(mistake.by) or '(left out)'}")
    return f"| {exercise} | {cell(folded(mistake.warns))} | {written} |"


def section(module: Module) -> str:
    """Try the mistakes of one module and list the results in a table."""
    notebook = Notebook(module)
    rows = "".join(f"{start_of(*each)} {told(notebook.tried(*each))}\n" for each in declared(module))
    return f"{title(module)}\n\n{HEAD}{rows}\n"


class Notebook:
    """A module's exported code, with what its given cells define, in this process."""

    def __init__(self, module: Module) -> None:
        cells = read_percent(module.source)
        self.core = importlib.import_module(f"tinytorch.core.{module.slug}").__dict__
        self.cells = {cell.name: cell.source for cell in cells if cell.name}
        for cell in cells:
            if "#| setup" in cell.source:  # such as the recorder that connects backward() to backpropagate
                exec(cell.source, self.core)
        self.given = "\n".join(_definitions(cell) for cell in cells if not cell.name)

    def tried(self, exercise: str, mistake: Mistake) -> Outcome | None:
        """The first visible check that fails with this mistake, as the notebook reports it; None if all pass."""
        right = self.cells[exercise]
        try:
            exec(faulty(right, mistake), self.core)
            return next((outcome for outcome in self._checked(exercise) if not outcome.passed), None)
        finally:
            exec(right, self.core)

    def _checked(self, exercise: str) -> list[Outcome]:
        names = {name: value for name, value in self.core.items() if not name.startswith("__")}
        exec(self.given, names)
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with contextlib.suppress(ChecksFailed):
                exec(without_hidden(self.cells[f"test_{exercise}"]), names)
        return names["test"].outcomes


def _definitions(cell: Cell) -> str:
    """The imports and functions of a given cell; core already has what is exported."""
    if cell.kind != "code" or "#| export" in cell.source:
        return ""
    kept = [n for n in ast.parse(cell.source).body if isinstance(n, ast.Import | ast.ImportFrom | ast.FunctionDef)]
    return ast.unparse(ast.Module(kept, []))


def told(failed: Outcome | None) -> str:
    """The last two cells of a row."""
    if failed is None:
        return "none | |"
    values = f" ({failed.got} came back, {failed.expected} was expected)" if failed.got and failed.expected else ""
    return f"{cell(failed.title)} | {cell(folded((failed.why or failed.kind) + values))} |"


def title(module: Module) -> str:
    return f"## {module.number:02} {module.title}"


def folded(text: str) -> str:
    return " ".join(text.split())


def cell(text: str) -> str:
    """Text for a table cell: bars escaped, not too long."""
    text = text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " ..."
    return text.replace("|", "\\|")


def sections(page: str) -> Iterator[str]:
    """The sections of the existing page."""
    yield from (f"## {part}" for part in page.split("\n## ")[1:])


def write(slugs: list[str]) -> None:
    """Rewrite the sections of these modules (of all, if none is named) and keep the others."""
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    kept = {part.split("\n", 1)[0]: part.rstrip("\n") + "\n\n" for part in sections(old)}
    for module in modules():
        if not slugs or module.slug in slugs:
            kept[title(module)] = section(module)
            text = INTRODUCTION + "".join(kept.get(title(each), "") for each in modules())
            PAGE.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ["MPLBACKEND"] = "Agg"  # before the notebook imports matplotlib
    write(sys.argv[1:])
