"""How the weights of a model are spread, and which of them are within a threshold around zero.

>>> WeightHistogram({"original": weights, "pruned": weights * mask}, threshold=0.08)

In a notebook a slider moves the threshold, and a line says how many weights lie within; elsewhere the picture alone.
"""

from collections.abc import Callable, Mapping

import numpy as np

from tinytorch.viz.answers import in_short
from tinytorch.viz.picture import COLORS, GREY, Picture, as_numbers, new_figure
from tinytorch.viz.shown import show_with_controls, spoken, with_words

BINS = 61  # odd, so that zero lies in the middle of a bin
MOST_SHOWN = 0.999  # of the weights: a single far one would squeeze all others into one bin
LINES = ("-", "--", ":", "-.")  # told apart without colors


class WeightHistogram:
    """Histograms of weights over each other, with a threshold on both sides of zero.

    Args:
        weights: name -> array of any shape. Exact zeros are counted in the legend and not drawn.
        threshold: where the slider is at first, 0 for none.
    """

    def __init__(self, weights: Mapping[str, object], threshold: float = 0.0, title: str = "") -> None:
        arrays = {str(name): as_numbers(f"weights {name!r}", array).ravel() for name, array in weights.items()}
        if not arrays or not all(array.size for array in arrays.values()):
            raise ValueError(f"WeightHistogram needs at least one array with numbers in it, got {list(arrays)}")
        self.weights = {name: array[np.isfinite(array)] for name, array in arrays.items()}
        self._broken = sum(array.size - self.weights[name].size for name, array in arrays.items())
        self.title = title
        self.limit = self._limit()
        self.threshold = min(max(float(threshold), 0.0), self.limit) if np.isfinite(threshold) else 0.0

    def _limit(self) -> float:
        magnitudes = np.abs(np.concatenate(list(self.weights.values())))
        return float(np.quantile(magnitudes, MOST_SHOWN)) * 1.05 if magnitudes.any() else 1.0

    def within(self, name: str) -> int:
        """Count the weights of one array that are smaller than the threshold, zeros included."""
        return int(np.count_nonzero(np.abs(self.weights[name]) < self.threshold))

    def text(self) -> str:
        """Say how many weights lie within the threshold, in one line."""
        counts = [
            f"{name}: {self.within(name):,} of {array.size:,} ({self.within(name) / max(array.size, 1):.1%})"
            for name, array in self.weights.items()
        ]
        broken = f"; {self._broken} numbers are not finite" if self._broken else ""
        return f"smaller than {in_short(self.threshold)} in magnitude: {'; '.join(counts)}{broken}"

    def picture(self) -> Picture:
        """Draw the histograms, and the threshold as a band."""
        figure, axes = new_figure()
        ax, edges = axes[0, 0], np.linspace(-self.limit, self.limit, BINS + 1)
        for i, (name, array) in enumerate(self.weights.items()):
            zeros = int(np.count_nonzero(array == 0))
            counts, _ = np.histogram(array[array != 0], edges)
            label = f"{name} ({zeros:,} zeros are not drawn)" if zeros else name
            color, line = COLORS[i % len(COLORS)], LINES[i % len(LINES)]
            ax.stairs(counts, edges, color=color, lw=1.8, ls=line, label=label, fill=False)
            if i == 0:
                ax.stairs(counts, edges, color=color, alpha=0.15, fill=True)
        if self.threshold:
            ax.axvspan(-self.threshold, self.threshold, color=GREY, alpha=0.18, lw=0)
            for side in (-1, 1):
                ax.axvline(side * self.threshold, color="black", lw=1)
            ax.text(
                self.threshold,
                0.985,
                f" threshold {in_short(self.threshold)}",
                va="top",
                transform=ax.get_xaxis_transform(),
            )
        ax.set(title=self.title, xlabel="weight", ylabel="how many", xlim=(-self.limit, self.limit))
        ax.set_ylim(0, 1.35 * ax.get_ylim()[1])  # room for the legend
        ax.legend(loc="upper left", fontsize=9)
        return Picture(figure, f"{self.title or 'weights'}: {self.text()}")

    def controls(self, show: Callable[[Picture], None]):
        """Make the slider for the threshold, and the line that changes with it."""
        import ipywidgets

        slider = ipywidgets.FloatSlider(
            value=self.threshold, max=self.limit, step=self.limit / 100, description="threshold",
            readout_format=".3f", continuous_update=False, layout={"width": "60%"},
        )  # fmt: skip

        def move(threshold: float) -> None:
            self.threshold = threshold
            show(self.picture())

        return with_words(slider, move, lambda _: spoken(self.text()))

    def _ipython_display_(self) -> None:
        show_with_controls(self)

    def __repr__(self) -> str:
        return f"<WeightHistogram: {self.text()}>"
