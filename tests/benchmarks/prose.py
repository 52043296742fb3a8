"""Figures that the text of modules 01 to 08 cites from a run, and how to measure each again.

A module's cells run in order, as a student's do; where the text cites a figure, the names defined by earlier cells
are there to measure it again. `make bench BENCH=prose` compares; a test checks that each cited sentence still exists.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from tito.curriculum import Module, load_curriculum
from tito.source.percent import Cell, read_percent

COURSE = Path(__file__).resolve().parents[2] / "course"
COUNTED = 1.01  # what does not depend on the machine must agree in the digits that the text gives
RATIO = 2.5  # for a ratio of two times: caches and processors differ
TIME = 5.0  # for a time that the text says was measured on the author's machine ("yours will differ")


class Claim(NamedTuple):
    """A figure in the text: the words around it, its value, how it is measured, and the factor it may be off by."""

    says: str
    cited: float
    measured: str
    within: float

    @property
    def wanted(self) -> str:
        """The interval that must contain the figure."""
        return f"{self.cited / self.within:.4g} to {self.cited * self.within:.4g}"


ONE_IMAGE = '1e3 * best_of(model, Tensor(np.ones((1, 784), "float32"))).median'
OF_512 = "1e3 * best_of(model, x).median / 512"
GELU, RELU = "nanoseconds_each(gelu, x)", "nanoseconds_each(relu, x)"
CLAIMS: dict[str, list[Claim]] = {
    "tensor": [
        Claim("the 3,823 digits, `3823 · 64 · 4` bytes in float32, are 0.98 MB", 0.98, "images.nbytes / 1e6", COUNTED),
        Claim("I measured a ratio of about 9,000", 9000, "loops / blas", RATIO),
    ],
    "activations": [
        Claim("On most machines the choice is several times as slow in random order", 8,
              "nanoseconds_each(chosen, x) / nanoseconds_each(relu, x)", RATIO),
        Claim("much less so when sorted", 2, "nanoseconds_each(chosen, ordered) / nanoseconds_each(relu, ordered)",
              RATIO),
        Claim("I measured 0.4 ns for relu", 0.4, RELU, TIME),
        Claim("and 4 ns for gelu", 4, GELU, TIME),
        Claim("ten times as much", 10, f"{GELU} / {RELU}", RATIO),
    ],
    "layers": [
        Claim("89.7 % instead of", 89.7, "100 * accuracy(deep)", 1.001),
        Claim("instead of 89.4 %", 89.4, "100 * accuracy(reader)", 1.001),
        Claim("I measured 48 microseconds for one image alone", 48, ONE_IMAGE, TIME),
        Claim("and 6 for one of 512", 6, OF_512, TIME),
        Claim("In a batch of 512 a weight that was fetched serves 512 images", 8, f"({ONE_IMAGE}) / ({OF_512})", RATIO),
    ],
    "losses": [
        Claim("The typo adds 179² / 100 = 320", 320, "loss_with_a_typing_error() - 1", COUNTED),
        Claim("64 rows of 50,000 float32 logits are 12.8 MB", 12.8, "many.data.nbytes / 1e6", COUNTED),
        Claim("On the left the curve is flat", 1, "times[1] / times[0]", RATIO),
        Claim("On the right it is a line of slope one", 5, "times[-1] / times[-2]", RATIO),
        Claim("I measured 2.32 for ten classes", 2.32, "losses.mean()", COUNTED),
    ],
    "autograd": [
        Claim("The rule computes two products of the same three sizes, so twice as many", 2,
              "best_of(matmul_rule, c, c, a, b).median / best_of(np.matmul, a, b).median", RATIO),
        Claim("I measured 1.9 forward passes for backward", 1.9, "(both - with_tape) / with_tape", 1.8),
        Claim("0.03 MB on the tape for 16", 0.03, "used[0]", 1.2),
        Claim("0.85 MB for 512 examples", 0.85, "used[-1]", COUNTED),
        Claim("The weights take 0.41 MB", 0.41, "weights", COUNTED),
        Claim("the lines cross at a batch of about 245", 245, "512 * weights / used[-1]", COUNTED),
        Claim("A training step costs about three forward passes in time", 3, "both / with_tape", 1.6),
    ],
    "optimizers": [
        Claim("each step takes off 0.5 %", 0.5, "100 * (1 - forget(adamw, noise=0.0)[1])", 1.05),
        Claim("GPT-2's 124 million weights are 0.5 GB to use", 0.5, "124e6 * 4 / 1e9", COUNTED),
        Claim("4 for momentum", 4, "measured['momentum'][0]", COUNTED),
        Claim("and 8 for Adam", 8, "measured['Adam'][0]", COUNTED),
    ],
    "dataloader": [
        Claim("1/e = 37", 37, "100 * (1 - len(np.unique(drawn)) / 10_000)", 1.02),
        Claim("I measured about 100,000 examples per second one by one", 1e5, "samples_per_second(OneByOne())", TIME),
        Claim("and several millions gathered", 4e6, "samples_per_second(train_set)", TIME),
    ],
    "training": [
        Claim("Its trend falls by a factor of more than a hundred", 1000,
              "math.log(10) / trainer.history[-1]['train_loss']", 10),
        Claim("I measured about 6 µs per example at 64", 6, "costs[3][0]", TIME),
        Claim("and 4 µs at 4,096", 4, "costs[6][0]", TIME),
        Claim("with about 0.4", 0.4, "costs[3][1]", 1.3),
        Claim("and 22 MB at the peak", 22, "costs[6][1]", 1.1),
        Claim("22 MB / 4,096 is about 5 kB per example", 5, "1e3 * costs[6][1] / 4096", 1.2),
        Claim("from there on time per example hardly falls", 1, "costs[4][0] / costs[6][0]", RATIO),
    ],
}  # fmt: skip


def first_modules() -> list[Module]:
    """List modules 01 to 08."""
    return [module for module in load_curriculum(COURSE).written if module.tier == "foundation"]


def text_of(cell: Cell) -> str:
    """Return a cell's text on one line."""
    return " ".join(cell.source.split())


def measured(module: Module) -> Iterator[tuple[Claim, float]]:
    """Run a module's cells in order, and measure each cited figure where it is cited."""
    notebook = sys.modules["__main__"] = ModuleType("__main__")  # where a class finds its module
    names: dict[str, Any] = vars(notebook)
    for cell in read_percent(module.source):
        if cell.kind == "code":
            exec(compile(cell.source, f"{module.slug}, cell {cell.number}", "exec"), names)
        else:
            for claim in CLAIMS[module.slug]:
                if claim.says in text_of(cell):
                    yield claim, float(eval(claim.measured, names))
