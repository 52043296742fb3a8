"""nbgrader's settings for releases: stubs that name their exercise.

`configure(c)` belongs into every nbgrader configuration of the course, so that a release is the same whoever makes it.
"""

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

CODE_STUB = (
    "# YOUR CODE HERE\n"
    "raise NotImplementedError(\"exercise '{name}' is not solved yet: write your code in place of this line\")"
)
TEXT_STUB = "*Write your answer here, in place of this line.*"


class ClearNamedSolutions(ClearSolutions):
    """Put a stub in place of a solution that says, when it is run, which exercise is not solved."""

    def preprocess_cell(self, cell, resources, cell_index):
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        self.code_stub = {"python": CODE_STUB.format(name=name)}
        return super().preprocess_cell(cell, resources, cell_index)


def configure(c):
    """Set how releases are generated on a traitlets Config, and return it."""
    c.ClearSolutions.text_stub = TEXT_STUB
    # nbgrader's own order, without header files and test templates, which the course does not use. Checksums are
    # taken before hidden tests go, for the gradebook, and again after, for the release.
    c.GenerateAssignment.preprocessors = [
        LockCells,
        ClearNamedSolutions,
        ClearOutput,
        CheckCellMetadata,
        ComputeChecksums,
        SaveCells,
        ClearHiddenTests,
        ClearMarkScheme,
        ComputeChecksums,
        CheckCellMetadata,
    ]
    return c
