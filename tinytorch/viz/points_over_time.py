"""Named points in a plane that move from epoch to epoch.

>>> PointsOverTime(frames, "abcde", groups=[1, 0, 0, 0, 1], title="Letters")       # frames: (epochs, points, 2)

In a notebook a slider moves through the frames; elsewhere, and in a saved notebook, first and last are side by side.
"""

from collections.abc import Callable, Sequence

import numpy as np

from tinytorch.viz.picture import COLORS, Picture, as_numbers, new_figure
from tinytorch.viz.shown import show_with_controls, spoken, with_words


class PointsOverTime:
    """Points with names, in the same axes for all frames.

    Args:
        frames: array (frames, points, 2).
        names: one short text for each point, written at its place.
        groups: one small integer for each point, its color.
        times: one number for each frame, such as its epoch (default: 0, 1, 2, ...).
        unit: what `times` counts.
    """

    def __init__(
        self, frames, names: Sequence[str], groups=None, times=None, title: str = "", *, unit: str = "epoch"
    ) -> None:
        self.frames = _frames(frames, len(names))
        self.names, self.title, self.unit = list(names), title, unit
        self.groups = list(groups) if groups is not None else [0] * len(self.names)
        self.times = list(times) if times is not None else list(range(len(self.frames)))
        if len(self.times) != len(self.frames) or len(self.groups) != len(self.names):
            raise ValueError(
                f"one time for each of {len(self.frames)} frames and one group for each of {len(self.names)} points, "
                f"got {len(self.times)} and {len(self.groups)}"
            )

    def picture(self, *places: int) -> Picture:
        """Draw the frames at these places side by side (default: the first and the last)."""
        places = places or (0, len(self.frames) - 1)
        figure, axes = new_figure(1, len(places), width=4.6 * len(places), height=4.2)
        low, high = self.frames.min(axis=(0, 1)), self.frames.max(axis=(0, 1))
        margin = 0.06 * (high - low) + 1e-9
        for ax, place in zip(axes[0], places, strict=True):
            for (x, y), name, group in zip(self.frames[place], self.names, self.groups, strict=True):
                color = COLORS[group % len(COLORS)]
                ax.text(x, y, name, color=color, fontsize=12, weight="bold", ha="center", va="center")
            ax.set(xlim=(low[0] - margin[0], high[0] + margin[0]), ylim=(low[1] - margin[1], high[1] + margin[1]))
            ax.set_title(f"{self.unit} {self.times[place]}")
        figure.suptitle(self.title)
        shown = ", ".join(f"{self.unit} {self.times[place]}" for place in places)
        return Picture(figure, f"{self.title or 'points'}: {len(self.names)} points, {shown}")

    def line(self, place: int) -> str:
        """Say in one line what a frame shows: how far the points have moved, and which two are closest."""
        moved = np.linalg.norm(self.frames[place] - self.frames[0], axis=1).mean()
        said = f"{self.unit} {self.times[place]}: moved by {moved:.2f} on average"
        if len(self.names) < 2:
            return said
        apart = np.linalg.norm(self.frames[place][:, None] - self.frames[place][None], axis=-1)
        np.fill_diagonal(apart, np.inf)
        a, b = np.unravel_index(apart.argmin(), apart.shape)
        return f"{said}; closest are {self.names[a]} and {self.names[b]}"

    def controls(self, show: Callable[[Picture], None]):
        """Make a slider (arrow keys move it) that lets `show` draw a frame, and a line that says what it shows."""
        import ipywidgets

        last = len(self.frames) - 1
        slider = ipywidgets.IntSlider(value=last, max=last, description="frame", layout={"width": "60%"})
        return with_words(slider, lambda place: show(self.picture(place)), lambda place: spoken(self.line(place)))

    def _ipython_display_(self) -> None:
        show_with_controls(self)

    def __repr__(self) -> str:
        return f"<PointsOverTime: {len(self.names)} points, {len(self.frames)} frames>"


def _frames(frames, count: int) -> np.ndarray:
    array = as_numbers("frames", frames)
    if array.ndim != 3 or array.shape[1:] != (count, 2) or not len(array) or not count:
        raise ValueError(f"frames need the shape (frames, {count} points, 2), got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("every point needs two finite numbers, some are nan or infinite: did the training come apart?")
    return array
