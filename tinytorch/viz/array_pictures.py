"""How an array lies in memory, and how two shapes broadcast."""

import numpy as np
from matplotlib.patches import Rectangle

from tinytorch.viz.picture import COLORS, GREY, Picture, new_figure

MOST_CELLS = 64  # of an array that is drawn cell by cell: more are not legible


def memory_layout(array: np.ndarray, title: str = "") -> Picture:
    """Draw a 1-D or 2-D array as a grid, and below it the cells in the order in which they lie in memory.

    One color per row shows whether a row's cells are neighbors in memory (contiguous) or apart (a transposed view).
    """
    array = np.asarray(array)
    grid = array.reshape(1, -1) if array.ndim == 1 else array
    if grid.ndim != 2 or not 0 < grid.size <= MOST_CELLS:
        raise ValueError(f"memory_layout draws arrays of 1 or 2 axes and up to {MOST_CELLS} cells, got {array.shape}")
    rows, columns = grid.shape
    figure, axes = new_figure(
        2, 1, width=max(4.5, 0.45 * grid.size), height=1.6 + 0.45 * rows, height_ratios=[rows, 1.4]
    )
    order = memory_order(grid)
    for ax in axes.flat:
        ax.set_axis_off()
        ax.set_aspect("equal")
    for (row, column), value in np.ndenumerate(grid):
        _cell(axes[0, 0], column, rows - 1 - row, value, row)
        _cell(axes[1, 0], order[row, column], 0, value, row)
    axes[0, 0].set(xlim=(-0.1, columns + 0.1), ylim=(-0.1, rows + 0.1))
    axes[1, 0].set(xlim=(-0.1, grid.size + 0.1), ylim=(-0.7, 1.1))
    steps = tuple(s // array.itemsize for s in array.strides)
    contiguous = "contiguous" if array.flags.c_contiguous else "not contiguous"
    axes[0, 0].set_title(title or f"shape {array.shape}, {array.dtype}")
    axes[1, 0].set_title(f"in memory: steps of {steps} cells per axis, {contiguous}")
    for i in range(grid.size):
        axes[1, 0].text(i + 0.5, -0.45, i, ha="center", va="center", fontsize=8, color=GREY)
    return Picture(figure, f"memory of an array {array.shape}, {contiguous}")


def memory_order(grid: np.ndarray) -> np.ndarray:
    """Give each cell its place in memory, counted among the array's own cells."""
    offsets = sum(
        np.arange(n).reshape([-1 if axis == i else 1 for i in range(grid.ndim)]) * stride
        for axis, (n, stride) in enumerate(zip(grid.shape, grid.strides, strict=True))
    )
    places = np.empty(grid.size, dtype=int)
    places[np.argsort(np.broadcast_to(offsets, grid.shape).ravel(), kind="stable")] = np.arange(grid.size)
    return places.reshape(grid.shape)


def _cell(ax, x: float, y: float, value, color: int, faint: bool = False) -> None:
    shade = COLORS[color % len(COLORS)]
    alpha = 0.12 if faint else 0.35
    ax.add_patch(Rectangle((x, y), 1, 1, facecolor=shade, alpha=alpha, edgecolor="none"))
    ax.add_patch(Rectangle((x, y), 1, 1, fill=False, edgecolor="white", lw=1.5))
    ax.text(x + 0.5, y + 0.5, f"{value:.3g}", ha="center", va="center", fontsize=9, color="0.45" if faint else "black")


def broadcast(a: np.ndarray, b: np.ndarray, title: str = "") -> Picture:
    """Draw a + b with the cells that broadcasting repeats drawn faint.

    Raises:
        ValueError: the shapes don't broadcast, or the result has more than two axes or too many cells.
    """
    a, b = np.asarray(a), np.asarray(b)
    result = a + b
    if result.ndim > 2 or result.size > MOST_CELLS:
        raise ValueError(f"broadcast draws results of up to 2 axes and {MOST_CELLS} cells, got {result.shape}")
    figure, axes = new_figure(1, 3, width=9.0, height=0.9 + 0.5 * np.atleast_2d(result).shape[0])
    for ax, name, part, color in zip(axes.flat, ("a", "b", "a + b"), (a, b, result), (0, 1, 2), strict=True):
        _grid(ax, part, np.atleast_2d(result).shape, color)
        ax.set_title(f"{name}: {part.shape}", loc="center")
    figure.suptitle(title)
    return Picture(figure, f"broadcasting {a.shape} + {b.shape} -> {result.shape}")


def _grid(ax, part: np.ndarray, shape: tuple[int, int], color: int) -> None:
    """Draw `part` stretched to `shape`: its own cells strong, the repeated ones faint."""
    own = np.atleast_2d(part)
    for (row, column), value in np.ndenumerate(np.broadcast_to(own, shape)):
        repeated = row >= own.shape[0] or column >= own.shape[1]
        _cell(ax, column, shape[0] - 1 - row, value, color, faint=repeated)
    ax.set(xlim=(-0.1, shape[1] + 0.1), ylim=(-0.1, shape[0] + 0.1))
    ax.set_axis_off()
    ax.set_aspect("equal")
