"""Which token comes next: its share as bars, under a slider for the temperature.

>>> NextToken(shares, ["ROMEO:", "the ki"], characters)      # shares(beginning, temperature) gives one share a token

In a notebook a choice of beginnings, a slider, a line that says what is seen, and a table with bars; elsewhere, and in
a saved notebook, a picture of the first beginning at three temperatures.
"""

import html
from collections.abc import Callable, Sequence

import numpy as np

from tinytorch.viz.picture import COLORS, Picture, as_numbers, new_figure
from tinytorch.viz.shown import spoken

MOST_ROWS = 10  # tokens in a table; the others are added up
TEMPERATURES = (0.3, 1.0, 2.0)  # of what stays where no widget can be shown
HIGHEST, STEP = 3.0, 0.1
MARKS = {" ": "blank", "\n": "new line"}  # what would not be seen


class NextToken:
    """Shares of the next token after some beginnings.

    Args:
        shares: shares(beginning, temperature) gives an array, one number >= 0 for each token.
        beginnings: texts to choose from.
        names: the token of each id, as text.
    """

    def __init__(self, shares: Callable[[str, float], object], beginnings: Sequence[str], names: Sequence[str]) -> None:
        if not beginnings:
            raise ValueError("NextToken needs at least one beginning, got none")
        self.shares, self.beginnings, self.names = shares, list(beginnings), [MARKS.get(n, n) for n in names]
        self.rows(self.beginnings[0], 1.0)  # what fails, fails in the cell that made this

    def rows(self, beginning: str, temperature: float) -> list[tuple[str, float]]:
        """List the likeliest tokens with their shares, largest first; the last row adds up all others."""
        values = as_numbers("shares", self.shares(beginning, temperature))
        if values.shape != (len(self.names),):
            raise ValueError(f"one share for each of {len(self.names)} tokens is needed, got the shape {values.shape}")
        order = np.argsort(-values, kind="stable")
        shown = [(self.names[i], float(values[i])) for i in order[:MOST_ROWS] if values[i] > 0]
        return [*shown, ("all others", float(values[order[len(shown) :]].sum()))]

    def line(self, beginning: str, temperature: float, rows: list[tuple[str, float]]) -> str:
        """Say in one line what the table shows."""
        name, share = rows[0]
        return f"after {beginning!r} at temperature {temperature:.1f}: likeliest {name!r} with {share:.0%}"

    def table(self, beginning: str, temperature: float) -> str:
        """Write the table as HTML, under its line."""
        rows = self.rows(beginning, temperature)
        return spoken(self.line(beginning, temperature, rows), _table(rows))

    def controls(self):
        """Make the choice, the slider and the table (ipywidgets)."""
        import ipywidgets

        choice = ipywidgets.Dropdown(options=self.beginnings, description="beginning")
        slider = ipywidgets.FloatSlider(
            value=1.0, min=STEP, max=HIGHEST, step=STEP, description="temperature", readout_format=".1f",
            layout={"width": "60%"}, style={"description_width": "initial"},
        )  # fmt: skip
        table = ipywidgets.HTML()

        def show(_=None) -> None:
            table.value = self._shown(choice.value, slider.value)

        for control in (choice, slider):
            control.observe(show, names="value")
        show()
        return ipywidgets.VBox([choice, slider, table])

    def _shown(self, beginning: str, temperature: float) -> str:
        try:
            return self.table(beginning, temperature)
        except Exception as problem:  # of the function given: the slider stays usable
            return spoken(f"{type(problem).__name__}: {problem}")

    def _ipython_display_(self) -> None:
        """Show the controls, and a picture as an output of its own: it stays where no widget can be shown."""
        from IPython.display import display

        from tinytorch.viz.loss_curve import in_a_notebook

        if in_a_notebook():
            display(self.controls())
        display(self.picture())

    def picture(self) -> Picture:
        """Draw the shares after the first beginning at three temperatures."""
        first = self.beginnings[0]
        figure, axes = new_figure(1, len(TEMPERATURES), height=3.0, sharex=True)
        for ax, temperature in zip(axes[0], TEMPERATURES, strict=True):
            names, shares = zip(*self.rows(first, temperature), strict=True)
            places = range(len(names))
            ax.barh(places, shares, color=COLORS[5], tick_label=[name.replace("$", r"\$") for name in names])
            ax.grid(False, axis="y")
            ax.set(title=f"temperature {temperature}", xlabel="share", xlim=(0, 1.18), ylim=(MOST_ROWS + 0.5, -0.5))
            for place, share in zip(places, shares, strict=True):
                ax.text(share + 0.02, place, f"{share:.0%}", va="center", fontsize=8)
        figure.suptitle(f"After {first!r}".replace("$", r"\$"))
        return Picture(figure, repr(self))

    def __repr__(self) -> str:
        first = self.beginnings[0]
        return "; ".join(self.line(first, t, self.rows(first, t)) for t in TEMPERATURES)


def _table(rows: list[tuple[str, float]]) -> str:
    """Bars next to names and numbers; colors come from the page, so that it can be read on a dark one, too."""
    largest = max(share for _, share in rows) or 1.0
    cells = "".join(
        f'<tr><th scope="row" style="text-align:right;font-family:monospace">{html.escape(name)}</th>'
        f'<td style="text-align:right">{share:.1%}</td><td style="width:20em;text-align:left">'
        f'<div style="background:{COLORS[5]};height:0.9em;width:{100 * share / largest:.1f}%"></div></td></tr>'
        for name, share in rows
    )
    return f'<table style="border-collapse:collapse">{cells}</table>'
