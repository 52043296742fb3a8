"""Attention's table while a text grows: which products a step computes, and which of them were there before.

>>> RepeatedWork("ROMEO: But", context=8)

In a notebook a slider adds token after token (arrow keys move it), and a line counts the products; elsewhere, and in a
saved notebook, the step at which a cache saves most.
"""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.patches import Patch, Rectangle

from tinytorch.viz.picture import COLORS, GREY, Picture, new_figure
from tinytorch.viz.shown import show_with_controls, spoken, with_words

MOST_TOKENS = 16  # cells of more could not be told apart
EMPTY, NEW, AGAIN = 0, 1, 2  # what a cell of the table is
FACES = {NEW: COLORS[0], AGAIN: "#d9d9d9"}
SIGNS = {NEW: "●", AGAIN: "="}  # color is never alone
MARKS = {" ": "␣", "\n": "⏎"}  # what would not be seen


class RepeatedWork:
    """The products of queries and keys in one step, without a cache and with it.

    Args:
        tokens: a short text for each token, at most 16 (a string: its characters).
        context: how many places the model has; None for as many as there are tokens.
    """

    def __init__(self, tokens: Sequence[object], context: int | None = None) -> None:
        self.tokens = [MARKS.get(str(token), str(token)) for token in tokens]
        if not 1 <= len(self.tokens) <= MOST_TOKENS:
            raise ValueError(f"RepeatedWork shows 1 to {MOST_TOKENS} tokens, got {len(self.tokens)}: take a part")
        self.context = len(self.tokens) if context is None else context
        if self.context < 1:
            raise ValueError(f"a context must have at least 1 place, got {context}")
        self.step = min(self.context, len(self.tokens))

    def table(self, step: int, cached: bool) -> np.ndarray:
        """Say what each cell (query, key) of the window is after `step` tokens: 0 empty, 1 new, 2 computed again."""
        places = min(step, self.context)
        seen = np.tril(np.ones((places, places), dtype=int))
        if step > self.context:  # all places have moved, so nothing was there before
            return seen * NEW
        seen[:-1] *= EMPTY if cached else AGAIN
        return seen

    def text(self, step: int | None = None) -> str:
        """Count the products of a step in one line."""
        step = self.step if step is None else step
        plain, kept = self.table(step, cached=False), self.table(step, cached=True)
        again = int((plain == AGAIN).sum())
        said = f"{_many(step, 'token')}: without a cache {_many(int((plain > 0).sum()), 'product')}, "
        said += f"{again or 'none'} of them computed before; with a cache {int((kept > 0).sum())}"
        return said + ("; the window has moved, all keys are new" if step > self.context else "")

    def picture(self, step: int | None = None) -> Picture:
        """Draw both tables after a step."""
        step = self.step if step is None else step
        figure, axes = new_figure(1, 2, width=7.0, height=3.7)
        shown = self.tokens[max(0, step - self.context) : step]
        for ax, cached in zip(axes[0], (False, True), strict=True):
            _draw(ax, self.table(step, cached), min(self.context, len(self.tokens)), shown)
            ax.set_title("with a cache" if cached else "without a cache")
        axes[0, 0].set_ylabel("query")
        legend = [
            Patch(facecolor=FACES[NEW], edgecolor=GREY, label=f"{SIGNS[NEW]} computed now, for the first time"),
            Patch(facecolor=FACES[AGAIN], edgecolor=GREY, label=f"{SIGNS[AGAIN]} computed again, as a step before"),
        ]
        figure.legend(handles=legend, loc="outside lower center", ncols=2, frameon=False)
        return Picture(figure, f"attention's table while a text grows. {self.text(step)}")

    def controls(self, show: Callable[[Picture], None]):
        """Make a slider for the number of tokens, and the line that changes with it."""
        import ipywidgets

        slider = ipywidgets.IntSlider(
            value=self.step, min=1, max=len(self.tokens), description="tokens", layout={"width": "60%"}
        )

        def move(step: int) -> None:
            self.step = step
            show(self.picture())

        return with_words(slider, move, lambda _: spoken(self.text()))

    def _ipython_display_(self) -> None:
        show_with_controls(self)

    def __repr__(self) -> str:
        return f"<RepeatedWork: {len(self.tokens)} tokens, {_many(self.context, 'place')}>"


def _draw(ax, cells: np.ndarray, size: int, names: list[str]) -> None:
    """Draw a table at the upper left of `size` times `size` places, so that it grows from step to step."""
    for (row, column), kind in np.ndenumerate(cells):
        if kind == EMPTY:
            continue
        ax.add_patch(_square(column, row, FACES[int(kind)]))
        ink = "white" if kind == NEW else "black"
        ax.text(column, row, SIGNS[int(kind)], ha="center", va="center", color=ink, fontsize=7)
    ax.set(xlim=(-0.6, size - 0.4), ylim=(size - 0.4, -0.6), aspect="equal", xlabel="key")
    ax.set_xticks(range(len(names)), names, family="monospace")
    ax.set_yticks(range(len(names)), names, family="monospace")
    ax.grid(False)


def _square(x: float, y: float, color: str):
    return Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=color, edgecolor="white", linewidth=0.8)


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
