"""The notebook that a grader sees: the course's own cells, with what the student wrote in the places meant for it.

Test cells contain an error until a verdict replaces it. What the student's notebook showed when it was saved is kept
next to the code, marked as not verified, and reduced to bounded text and pictures.
"""

import base64
import binascii
import copy
import functools
import json
from collections.abc import Iterable
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution
from traitlets.config import Config, Configurable

from exchange.protocol.notebooks import LARGEST_OUTPUTS, MOST_OUTPUTS
from exchange.protocol.verdicts import ExerciseResult, ModuleResult, Note
from tito.judge.read import Submission
from tito.source.percent import Cell
from tito.source.stubs import ClearNamedSolutions, configure

NOT_VERIFIED = "[as submitted, not verified]\n"
LONGEST_OUTPUT = 4000  # characters of one saved output
LARGEST_PICTURE = 400_000  # characters of base64
NO_VERDICT = "This test has not been judged yet: it gives no points until it is."


def canonical_notebook(staff: NotebookNode, submission: Submission, notes: Iterable[Note] = ()) -> NotebookNode:
    """Put the student's answers and their other cells into the staff notebook, whose own solutions are taken out."""
    nb = copy.deepcopy(staff)
    for index, cell in enumerate(nb.cells):
        if is_solution(cell):
            nb.cells[index], _ = ClearNamedSolutions(parent=_released()).preprocess_cell(
                cell, {"language": "python"}, 0
            )
    own = _OwnCells(submission, given={cell.source.strip() for cell in nb.cells})
    cells = _heading(notes)
    cells += own.others_after("")
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if name and is_solution(cell):
            own.answer(cell, name)
        elif is_grade(cell):
            cell.outputs = [_error("NotJudged", NO_VERDICT)]
        cells.append(cell)
        if name and is_solution(cell):
            cells += own.others_after(name)
    nb.cells = cells
    return nb


@functools.cache
def _released() -> Configurable:
    """Return a configuration with which stubs are written as in the release."""
    return Configurable(config=configure(Config()))


def untouched_notebook(staff: NotebookNode, reason: str) -> NotebookNode:
    """Return the notebook of a refused submission: the reason, and nothing from the student."""
    nb = canonical_notebook(staff, Submission())
    nb.cells[:0] = _heading([Note("", f"The submission could not be graded: {reason}")])
    return nb


def fill_verdict(cell: NotebookNode, result: ExerciseResult | None) -> None:
    """Replace the error in a test cell with the verdict on its exercise, in nbgrader's own terms of partial credit."""
    if result is None:
        return
    points = min(result.points, float(cell.metadata.nbgrader["points"]))
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=verdict_table(result))]
    if points > 0:
        text = {"text/plain": repr(float(points))}
        cell.outputs.append(nbformat.v4.new_output("execute_result", data=text, execution_count=None))
    else:
        cell.outputs.append(_error("ChecksFailed", f"{result.name}: no check passed"))


def verdict_table(result: ExerciseResult) -> str:
    """Say check by check what was called, what came back and what was expected; for hidden ones the kind of fault."""
    shown = ModuleResult("", (result,)).for_student().exercises[0]
    lines = [f"{result.name}: {result.points:g} of {result.max_points:g} points"]
    if result.lent:
        lines.append(f"(judged with {result.lent}, so that one weak part does not sink the rest)")
    for check in shown.checks:
        got = check.points if check.passed else 0
        lines.append(f"{'✅' if check.passed else '❌'} {check.title}  {got:g} of {check.points:g}")
        if not check.passed:
            lines += _details(check)
    return "\n".join(lines) + "\n"


def _details(check) -> list[str]:
    rows = (
        ("fault", check.kind),
        ("raised in" if check.kind == "error" else "called", check.called),
        ("came back", check.got),
        ("expected", check.expected),
        ("so", check.why),
    )
    return [f"     {name:<10} {text}" for name, text in rows if text]


class _OwnCells:
    """The cells of a submission, by what they are for; those left as they were `given` are not the student's own."""

    def __init__(self, submission: Submission, given: set[str]):
        self._given = given
        self._raw = dict(enumerate(raw_cells(submission.document), start=1))
        self._cells = submission.cells
        self._saved = _within_limits({cell.number: self._safe(cell) for cell in self._cells})

    def answer(self, cell: NotebookNode, name: str) -> None:
        """Put the answer of that name in; without one the cell stays as it was released."""
        own = [each for each in self._cells if each.name == name]
        if own:
            cell.source = "\n\n".join(each.source for each in own)
        if cell.cell_type == "code":
            cell.outputs = [output for each in own for output in self._outputs(each)]

    def others_after(self, name: str) -> list[NotebookNode]:
        """Return the student's own cells that follow the answer of that name, up to the next named cell."""
        found: list[NotebookNode] = []
        after = ""
        for cell in self._cells:
            if cell.name:
                after = cell.name.removeprefix("test_")
            elif after == name and cell.kind == "code" and cell.source.strip() not in self._given | {""}:
                made = nbformat.v4.new_code_cell(cell.source, outputs=self._outputs(cell))
                made.id = f"own-{cell.number:03d}"
                found.append(made)
        return found

    def _safe(self, cell: Cell) -> list[NotebookNode]:
        saved = self._raw.get(cell.number, {}).get("outputs")
        saved = saved if isinstance(saved, list) else []
        # One more is accepted: in a large notebook it is the line that counts the rest.
        many = len(saved) > MOST_OUTPUTS + 1
        made = [output for output in map(_safe_output, saved[:MOST_OUTPUTS] if many else saved) if output]
        return made + ([_text(f"[{len(saved) - MOST_OUTPUTS} more outputs: not shown]\n")] if many else [])

    def _outputs(self, cell: Cell) -> list[NotebookNode]:
        kept = self._saved[cell.number]
        return [_text(NOT_VERIFIED), *kept] if kept else []


def _within_limits(saved: dict[int, list[NotebookNode]]) -> dict[int, list[NotebookNode]]:
    """Replace the largest outputs of all cells with lines that say so, until the rest fits into LARGEST_OUTPUTS."""
    sizes = [(len(json.dumps(made)), number, place) for number, own in saved.items() for place, made in enumerate(own)]
    left = sum(size for size, _, _ in sizes)
    for size, number, place in sorted(sizes, reverse=True):
        if left <= LARGEST_OUTPUTS:
            break
        saved[number][place] = _text(f"[output of {size // 1000} kB cut: it is among the largest of this notebook]\n")
        left -= size
    return saved


def raw_cells(document: dict[str, Any]) -> list[dict]:
    """Return the cells of a parsed notebook that are objects at all, in their places."""
    cells = document.get("cells")
    return [item if isinstance(item, dict) else {} for item in cells] if isinstance(cells, list) else []


def _safe_output(output: Any) -> NotebookNode | None:
    """Rebuild a saved output from its text or its picture, or say what is not shown; nothing else is kept."""
    if not isinstance(output, dict):
        return None
    data = output.get("data")
    picture = data.get("image/png") if isinstance(data, dict) else None
    if isinstance(picture, str) and len(picture) > LARGEST_PICTURE:
        return _text(f"[picture of {_kb(picture)} kB not shown: the limit is {LARGEST_PICTURE * 3 // 4000} kB]\n")
    if isinstance(picture, str) and _is_png(picture):
        return nbformat.v4.new_output("display_data", data={"image/png": picture})
    text = data.get("text/plain") if isinstance(data, dict) else output.get("text", output.get("traceback"))
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        text = "".join(text)
    if not isinstance(text, str):
        return _text("[an output that is neither text nor a PNG picture: not shown]\n") if data else None
    if not text:
        return None
    text = text.encode("utf-8", "replace").decode()
    return _text(text if len(text) <= LONGEST_OUTPUT else text[:LONGEST_OUTPUT] + "\n... cut ...")


def _text(text: str) -> NotebookNode:
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def _kb(base64_text: str) -> int:
    return len(base64_text) * 3 // 4000


def _is_png(picture: str) -> bool:
    try:
        return base64.b64decode("".join(picture.split()), validate=True).startswith(b"\x89PNG\r\n")
    except (binascii.Error, ValueError):
        return False


def _heading(notes: Iterable[Note]) -> list[NotebookNode]:
    """Tell what happened to cells; the words may be the student's, so they go into a cell that nothing interprets."""
    lines = [f"{note.cell}: {note.text}" if note.cell else note.text for note in notes]
    if not lines:
        return []
    cell = nbformat.v4.new_code_cell("# Notes on this submission, by the grader")
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="\n".join(lines[:50]) + "\n")]
    cell.id = "notes"
    return [cell]


def _error(name: str, text: str) -> NotebookNode:
    return nbformat.v4.new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])
