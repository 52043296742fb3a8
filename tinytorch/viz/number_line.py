"""Numbers that are rounded to a grid: where its places lie, and how far each number moves.

>>> NumberLine(values, {bits: (places, rounded), ...})      # all numbers of the grid; and one of them for each value

In a notebook a slider chooses the grid (arrow keys move it), and a line says how many places it has and what the
largest error is; elsewhere, and in a saved notebook, all grids are above each other.
"""

from collections.abc import Callable, Mapping

import numpy as np

from tinytorch.viz.picture import COLORS, GREY, Picture, as_numbers, new_figure
from tinytorch.viz.shown import show_with_controls, spoken, with_words

MOST_VALUES = 50  # dots on a line; more would lie over each other
MOST_PLACES = 300  # ticks of a grid; 255 are those of a byte


class NumberLine:
    """Values above a grid, each with a line to the place to which it is rounded.

    Args:
        values: the numbers as they were, an array (n,).
        grids: name (such as the number of bits) -> (places, rounded), two arrays: (m,) ascending, and (n,).
        unit: what a name counts, for the slider and the line.
    """

    def __init__(self, values, grids: Mapping[object, tuple], title: str = "", *, unit: str = "bits") -> None:
        self.values, self.title, self.unit = as_numbers("values", values), title, unit
        if self.values.ndim != 1 or not 0 < len(self.values) <= MOST_VALUES:
            raise ValueError(f"a number line shows 1 to {MOST_VALUES} numbers in a row, got {self.values.shape}")
        if not grids:
            raise ValueError("NumberLine needs at least one grid, got none")
        self.grids = {str(name): self._grid(name, *pair) for name, pair in grids.items()}

    def _grid(self, name, places, rounded) -> tuple[np.ndarray, np.ndarray]:
        places, rounded = as_numbers(f"places of {name!r}", places), as_numbers(f"rounded numbers of {name!r}", rounded)
        if places.ndim != 1 or not 0 < len(places) <= MOST_PLACES:
            raise ValueError(f"the grid {name!r} has 1 to {MOST_PLACES} places in a row, got {places.shape}")
        if rounded.shape != self.values.shape:
            raise ValueError(
                f"{name!r} needs one rounded number for each value, {self.values.shape}, got {rounded.shape}"
            )
        return places, rounded

    def line(self, name: str) -> str:
        """Say in one line how fine a grid is, and how far a number moves at most."""
        places, rounded = self.grids[name]
        if not (np.isfinite(places).all() and np.isfinite(rounded).all() and np.isfinite(self.values).all()):
            return f"{name} {self.unit}: numbers that are not finite"
        errors = abs(rounded - self.values)
        worst = int(errors.argmax())
        step = (places[-1] - places[0]) / max(len(places) - 1, 1)
        return (
            f"{name} {self.unit}: {len(places)} places, {step:.3g} apart; {self.values[worst]:.3g} moves most, "
            f"to {rounded[worst]:.3g}: by {errors[worst]:.2g}, half a step is {step / 2:.2g}"
        )

    def picture(self, name: str | None = None) -> Picture:
        """Draw one grid (default: all of them, above each other)."""
        names = list(self.grids) if name is None else [name]
        figure, axes = new_figure(len(names), 1, width=8.0, height=0.5 + 0.75 * len(names) + 0.6 * (len(names) == 1))
        for ax, shown in zip(axes[:, 0], names, strict=True):
            self._draw(ax, shown, last=shown == names[-1])
        figure.suptitle(self.title, fontsize=11)
        return Picture(figure, f"{self.title or 'number line'}: {'; '.join(self.line(shown) for shown in names)}")

    def _draw(self, ax, name: str, last: bool) -> None:
        places, rounded = self.grids[name]
        ax.vlines(places, -0.25, 0.25, color=GREY, lw=1.2 if len(places) < 40 else 0.6)
        for value, place in zip(self.values, rounded, strict=True):
            ax.plot([value, place], [1.0, 0.25], color=COLORS[1], lw=1.2)
        ax.plot(self.values, np.ones(len(self.values)), "o", color=COLORS[0], ms=5)
        ax.set(ylim=(-0.4, 1.35), xlim=self._limits(), yticks=[0.3])
        ax.set_yticklabels([f"{name} {self.unit}"])
        ax.tick_params(axis="y", length=0)
        ax.tick_params(axis="x", labelbottom=last, length=3 if last else 0)
        ax.grid(False)
        for side in ("left", *(() if last else ("bottom",))):
            ax.spines[side].set_visible(False)

    def _limits(self) -> tuple[float, float]:
        """Limits that all grids share, so that they can be compared."""
        known = np.concatenate([self.values, *(places for places, _ in self.grids.values())])
        known = known[np.isfinite(known)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        margin = 0.03 * (high - low) or 1.0
        return low - margin, high + margin

    def controls(self, show: Callable[[Picture], None]):
        """Make a slider for the grid that lets `show` draw, and a line that says what is seen."""
        import ipywidgets

        names = list(self.grids)
        slider = ipywidgets.SelectionSlider(
            options=names, value=names[0], description=self.unit, layout={"width": "60%"}, disabled=len(names) == 1
        )
        return with_words(slider, lambda name: show(self.picture(name)), lambda name: spoken(self.line(name)))

    def _ipython_display_(self) -> None:
        show_with_controls(self)

    def __repr__(self) -> str:
        return f"<NumberLine: {len(self.values)} numbers; {self.unit} {', '.join(self.grids)}>"
