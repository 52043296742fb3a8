"""Follow optimizers over a surface z = f(x, y), step by step.

>>> OptimizerPath(rosenbrock, {"SGD": sgd_points, "Adam": adam_points}, xlim=(-2, 2), ylim=(-1, 3))

In a notebook a slider moves along the steps; a saved notebook, a grading page or a script has the whole paths.
"""

from collections.abc import Callable, Mapping

import numpy as np

from tinytorch.viz.answers import in_short
from tinytorch.viz.charts import levels
from tinytorch.viz.picture import COLORS, DASHES, GREY, Picture, as_numbers, new_figure
from tinytorch.viz.shown import show_with_controls, spoken, with_words

RESOLUTION = 120  # points of the surface along each axis


class OptimizerPath:
    """Paths of optimizers over contour lines, and the loss along them.

    Args:
        function: f(x, y) on arrays.
        paths: name -> points (steps + 1, 2), the first being the start.
        xlim, ylim: part of the plane that is drawn.
        minimum: marked with a star, if given.
    """

    def __init__(
        self,
        function: Callable,
        paths: Mapping[str, object],
        xlim: tuple[float, float],
        ylim: tuple[float, float],
        title: str = "",
        *,
        minimum: tuple[float, float] | None = None,
    ) -> None:
        self.paths = {name: _points(name, points) for name, points in paths.items()}
        if not self.paths:
            raise ValueError("OptimizerPath needs at least one path, got none")
        self.xlim, self.ylim, self.title, self.minimum = xlim, ylim, title, minimum
        self.x, self.y = np.meshgrid(np.linspace(*xlim, RESOLUTION), np.linspace(*ylim, RESOLUTION))
        self.z = as_numbers("the function's values", function(self.x, self.y))
        # A path that leaves for infinity must not warn or stop the others from being drawn.
        with np.errstate(all="ignore"):
            self.losses = {name: np.asarray(function(p[:, 0], p[:, 1]), float) for name, p in self.paths.items()}

    @property
    def steps(self) -> int:
        """The number of steps of the longest path."""
        return max(len(points) for points in self.paths.values()) - 1

    def line(self, step: int) -> str:
        """Say in one line where each path is at a step; one that has ended stays at its end."""
        told = []
        for name, points in self.paths.items():
            place = min(step, len(points) - 1)
            x, y, loss = (in_short(float(value)) for value in (*points[place], self.losses[name][place]))
            told.append(f"{name} at ({x}, {y}), loss {loss}")
        return f"step {step} of {self.steps}: {'; '.join(told)}"

    def picture(self, step: int | None = None) -> Picture:
        """Draw the paths up to a step (default: whole)."""
        step = self.steps if step is None else step
        figure, axes = new_figure(1, 2, width=9.5, height=4.0, width_ratios=[3, 2])
        plane, loss = axes[0]
        plane.contour(self.x, self.y, self.z, levels=levels(self.z, 16), colors=GREY, linewidths=0.6, alpha=0.7)
        if self.minimum is not None:
            plane.plot(*self.minimum, "*", color="black", ms=12, zorder=5)
        for i, (name, points) in enumerate(self.paths.items()):
            look = {"color": COLORS[i % len(COLORS)], "ls": DASHES[i % len(DASHES)]}
            self._path(plane, loss, name, points[: step + 1], look)
        plane.set(xlim=self.xlim, ylim=self.ylim, xlabel="x", ylabel="y", title=self.title)
        low, high = self._loss_limits()
        loss.set(xlim=(0, max(self.steps, 1)), ylim=(low, high), xlabel="step", ylabel="loss", yscale="log")
        plane.legend(loc="best", framealpha=0.8, frameon=True)
        return Picture(figure, f"{self.title or 'optimizer paths'}: {', '.join(self.paths)}, step {step}")

    def _path(self, plane, loss, name: str, points: np.ndarray, look: dict) -> None:
        seen = np.isfinite(points).all(axis=1)
        every = max(1, len(points) // 60)
        plane.plot(*points[seen].T, lw=1.4, marker="o", ms=2.5, markevery=every, label=name, **look)
        if seen.any():
            plane.plot(*points[seen][-1], "o", color=look["color"], ms=7, mec="white", zorder=6)
        values = self.losses[name][: len(points)]
        loss.plot(np.maximum(values, self._loss_limits()[0]), lw=1.6, **look)

    def _loss_limits(self) -> tuple[float, float]:
        """Limits of the logarithmic loss axis; a diverging path does not squeeze the others flat."""
        known = np.concatenate([v[np.isfinite(v) & (v > 0)] for v in self.losses.values()])
        if not len(known):
            return 1e-3, 1.0
        high = max(float(max(v[0] for v in self.losses.values() if np.isfinite(v[0]))), float(np.nanmax(self.z)))
        return max(float(known.min()), 1e-8 * high) / 2, high * 2

    def controls(self, show: Callable[[Picture], None]):
        """Make a slider (arrow keys move it) and a play button that `show` a step, and a line that says it."""
        import ipywidgets

        slider = ipywidgets.IntSlider(value=self.steps, max=self.steps, description="step", layout={"width": "60%"})
        play = ipywidgets.Play(value=self.steps, max=self.steps, interval=150, step=max(1, self.steps // 100))
        ipywidgets.jslink((play, "value"), (slider, "value"))
        told = with_words(slider, lambda step: show(self.picture(step)), lambda step: spoken(self.line(step)))
        told.layout.width = "100%"
        return ipywidgets.HBox([play, told])

    def _ipython_display_(self) -> None:
        show_with_controls(self)

    def __repr__(self) -> str:
        return f"<OptimizerPath: {', '.join(self.paths)}, {self.steps} steps>"


def _points(name: str, points) -> np.ndarray:
    array = as_numbers(f"path {name!r}", points)
    if array.ndim != 2 or array.shape[1] != 2 or not len(array):
        raise ValueError(f"path {name!r} needs points (x, y), an array (steps + 1, 2); got {array.shape}")
    return array
