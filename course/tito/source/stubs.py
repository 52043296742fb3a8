"""nbgrader's settings for releases: stubs that name their exercise, and hidden checks reduced to title and points.

`configure(c)` belongs in every nbgrader configuration of the course, so that a release is the same whoever makes it.
"""

import json

from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
    SaveCells,
)

from tito.source.declared import declared_checks

CODE_STUB = (
    "# YOUR CODE HERE\n"
    "raise NotImplementedError(\"exercise '{name}' is not solved yet: write your code in place of this line\")"
)
REPORT = "test.report()"
TEXT_STUB = "*Write your answer here, in place of this line.*"


class ClearNamedSolutions(ClearSolutions):
    """Replace a solution with a stub that, when it is run, says which exercise is not solved."""

    def preprocess_cell(self, cell, resources, cell_index):
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        self.code_stub = {"python": CODE_STUB.format(name=name)}
        return super().preprocess_cell(cell, resources, cell_index)


class AnnounceHiddenTests(ClearHiddenTests):
    """Replace a hidden check with its title and points: what is asked is no secret, the inputs are."""

    def preprocess_cell(self, cell, resources, cell_index):
        hidden = [check for check in _checks(cell) if check[2]]
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if hidden:
            said = "\n".join(f"test.on_submission({_quoted(title)}, points={points:g})" for title, points, _ in hidden)
            cell.source = cell.source.replace(f"\n{REPORT}", f"\n{said}\n{REPORT}")
        return cell, resources


def _checks(cell) -> list[tuple[str, float, bool]]:
    is_test = cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade")
    return declared_checks(cell.source) if is_test else []


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def configure(c):
    """Configure how releases are generated in a traitlets Config, and return it."""
    c.ClearSolutions.text_stub = TEXT_STUB
    # nbgrader's own order, without header files and test templates, which the course does not use. Checksums are
    # computed before hidden tests are removed, for the gradebook, and again afterwards, for the release.
    c.GenerateAssignment.preprocessors = [
        LockCells,
        ClearNamedSolutions,
        ClearOutput,
        CheckCellMetadata,
        ComputeChecksums,
        SaveCells,
        AnnounceHiddenTests,
        ClearMarkScheme,
        ComputeChecksums,
        CheckCellMetadata,
    ]
    return c
