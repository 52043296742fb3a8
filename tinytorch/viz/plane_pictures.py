"""What functions of two numbers do to the plane: a grid and some points, before and after."""

from collections.abc import Callable, Mapping

import numpy as np

from tinytorch.viz.picture import COLORS, GREY, Picture, as_numbers, new_figure

GRID_LINES = 9  # in each direction
LINE_POINTS = 81  # along a grid line, so that a bend shows as one
SHAPES = "os^D"  # of the points


def plane(stages: Mapping[str, Callable], points, labels=None, title: str = "", *, limit: float = 2.0) -> Picture:
    """Draw where each stage moves a grid over [-limit, limit]^2 and the given points.

    Args:
        stages: title -> function of an array (n, 2) that gives an array (n, 2), each from the input on.
        points: an array (n, 2).
        labels: one small integer for each point: its color and its shape.
    """
    points = as_numbers("points", points)
    if points.ndim != 2 or points.shape[1] != 2 or not stages:
        raise ValueError(f"plane needs points of the shape (n, 2) and at least one stage, got {points.shape}")
    kinds = np.zeros(len(points), dtype=int) if labels is None else np.asarray(labels).astype(int)
    figure, axes = new_figure(1, len(stages), width=3.3 * len(stages), height=3.4)
    for ax, (name, stage) in zip(axes[0], stages.items(), strict=True):
        for line in _grid(limit):
            ax.plot(*_moved(name, stage, line).T, color=GREY, lw=0.7, alpha=0.6)
        moved = _moved(name, stage, points)
        for kind in np.unique(kinds):
            ax.scatter(*moved[kinds == kind].T, **_style(int(kind)), s=22, zorder=3, edgecolors="white", linewidths=0.5)
        ax.axhline(0, color="black", lw=0.8)
        ax.axvline(0, color="black", lw=0.8)
        ax.grid(False)
        ax.set_aspect("equal", adjustable="datalim")
        ax.set_title(name, loc="center")
    figure.suptitle(title)
    return Picture(figure, f"{title or 'the plane'}: {', '.join(stages)}")


def _style(kind: int) -> dict:
    """The look of one kind of points: color is never the only difference."""
    return {"color": COLORS[kind % len(COLORS)], "marker": SHAPES[kind % len(SHAPES)]}


def _grid(limit: float) -> list[np.ndarray]:
    along, places = np.linspace(-limit, limit, LINE_POINTS), np.linspace(-limit, limit, GRID_LINES)
    across = [np.stack([along, np.full(LINE_POINTS, place)], axis=1) for place in places]
    return across + [line[:, ::-1] for line in across]


def _moved(name: str, stage: Callable, points: np.ndarray) -> np.ndarray:
    moved = as_numbers(f"what {name!r} gives", stage(points))
    if moved.shape != points.shape:
        raise ValueError(f"{name!r} must give one point (two numbers) for each, got {moved.shape} for {points.shape}")
    return moved
