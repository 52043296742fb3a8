"""What an operation does to its arrays: a matrix product, a sum along an axis, and a path of steps."""

from collections.abc import Sequence

import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from tinytorch.viz.picture import COLORS, GREY, Picture, as_numbers, new_figure

MOST_ROWS = 8  # of a matrix that is drawn cell by cell


def matmul(a, b, row: int = 0, column: int = 0, title: str = "") -> Picture:
    """Draw a @ b with one row of `a`, one column of `b` and the cell that they make; below, the sum written out."""
    a, b = as_numbers("a", a), as_numbers("b", b)
    if a.ndim != 2 or b.ndim != 2 or max(*a.shape, *b.shape) > MOST_ROWS:
        raise ValueError(
            f"matmul draws two matrices of up to {MOST_ROWS} rows and columns, got {a.shape} and {b.shape}"
        )
    product = a @ b
    figure, axes = new_figure(
        width=1.0 + 0.62 * (2 * b.shape[1] + a.shape[1] + 2), height=1.1 + 0.5 * max(len(a), len(b))
    )
    ax = axes[0, 0]
    _blank(ax)
    left = 0.0
    for name, part, marked in (
        ("a", a, lambda i, j: i == row),
        ("b", b, lambda i, j: j == column),
        ("a @ b", product, lambda i, j: (i, j) == (row, column)),
    ):
        _grid(ax, part, left, 0, marked)
        ax.text(left + part.shape[1] / 2, 0.35, f"{name}: {part.shape}", ha="center", va="bottom")
        left += part.shape[1] + 1
        sign = {"a": "@", "b": "="}.get(name, "")
        ax.text(left - 0.5, -max(len(a), len(b)) / 2, sign, ha="center", va="center", fontsize=14)
    terms = " + ".join(f"{_short(x)}·{_short(y)}" for x, y in zip(a[row], b[:, column], strict=True))
    depth = max(len(a), len(b))
    ax.text(
        0, -depth - 0.55, f"[{row}, {column}]:  {terms} = {_short(product[row, column])}", va="center", color=COLORS[1]
    )
    ax.set(xlim=(-0.1, left - 0.9), ylim=(-depth - 1.0, 1.1), title=title)
    return Picture(figure, f"matrix product {a.shape} @ {b.shape} -> {product.shape}, cell [{row}, {column}] marked")


def reduction(a, title: str = "") -> Picture:
    """Draw a matrix with its sums along axis 0 (below) and along axis 1 (to the right)."""
    a = as_numbers("a", a)
    if a.ndim != 2 or max(a.shape) > MOST_ROWS:
        raise ValueError(f"reduction draws a matrix of up to {MOST_ROWS} rows and columns, got {a.shape}")
    rows, columns = a.shape
    figure, axes = new_figure(width=1.6 + 0.62 * (columns + 4), height=1.2 + 0.5 * (rows + 2))
    ax = axes[0, 0]
    _blank(ax)
    _grid(ax, a, 0, 0, lambda i, j: False)
    _grid(ax, a.sum(axis=0, keepdims=True), 0, rows + 0.9, lambda i, j: True, color=2)
    _grid(ax, a.sum(axis=1, keepdims=True), columns + 0.9, 0, lambda i, j: True, color=1)
    ax.text(columns / 2, 0.3, f"x: {a.shape}", ha="center", va="bottom")
    ax.text(columns + 1.4, 0.3, f"dim=1: ({rows},)", ha="center", va="bottom", color=COLORS[1])
    ax.text(columns + 0.3, -rows - 1.4, f"dim=0: ({columns},)", ha="left", va="center", color=COLORS[2])
    _arrow(ax, (columns / 2, -rows - 0.1), (columns / 2, -rows - 0.8))
    _arrow(ax, (columns + 0.1, -rows / 2), (columns + 0.8, -rows / 2))
    ax.set(xlim=(-0.1, columns + 3.4), ylim=(-rows - 2.1, 1.1), title=title)
    return Picture(figure, f"sums of a matrix {a.shape} along each dimension")


def steps(boxes: Sequence[tuple[str, str]], title: str = "", *, aside: tuple[int, str, str] | None = None) -> Picture:
    """Draw a path of steps as boxes (name, what it contains) from left to right.

    Args:
        aside: (index, name, text): one more box, dashed, below the box `index`.
    """
    if not boxes:
        raise ValueError("steps needs at least one box, got none")
    figure, axes = new_figure(width=min(10.0, 2.1 * len(boxes)), height=2.6 if aside else 1.4)
    ax = axes[0, 0]
    _blank(ax)
    for i, (name, text) in enumerate(boxes):
        _box(ax, 3 * i, 0, name, text, COLORS[0] if i in (0, len(boxes) - 1) else COLORS[2])
        if i:
            _arrow(ax, (3 * i - 0.75, 0.5), (3 * i - 0.05, 0.5))
    if aside:
        index, name, text = aside
        _box(ax, 3 * index, -2.2, name, text, GREY, dashed=True)
        _arrow(ax, (3 * index + 1.1, -0.05), (3 * index + 1.1, -1.1))
    ax.set(xlim=(-0.2, 3 * len(boxes) - 0.5), ylim=(-2.4 if aside else -0.2, 1.3), title=title)
    ax.set_aspect("auto")
    return Picture(figure, " -> ".join(name for name, _ in boxes))


def _blank(ax) -> None:
    ax.set_axis_off()
    ax.set_aspect("equal")


def _grid(ax, part: np.ndarray, left: float, down: float, marked, color: int = 1) -> None:
    """Draw a matrix cell by cell, its upper left corner at (left, -down); marked cells are colored."""
    for (i, j), value in np.ndenumerate(part):
        strong = marked(i, j)
        place = (left + j, -down - i - 1)
        ax.add_patch(Rectangle(place, 1, 1, facecolor=COLORS[color if strong else 0], alpha=0.4 if strong else 0.12))
        ax.add_patch(Rectangle(place, 1, 1, fill=False, edgecolor="white", lw=1.5))
        ax.text(place[0] + 0.5, place[1] + 0.5, _short(value), ha="center", va="center", fontsize=9)


def _box(ax, x: float, y: float, name: str, text: str, color: str, dashed: bool = False) -> None:
    style = {"linestyle": "--"} if dashed else {}
    ax.add_patch(
        FancyBboxPatch((x, y), 2.2, 1, boxstyle="round,pad=0.05", facecolor="none", edgecolor=color, lw=1.8, **style)
    )
    ax.text(x + 1.1, y + 0.7, name, ha="center", va="center", fontweight="bold", color=color)
    ax.text(x + 1.1, y + 0.3, text, ha="center", va="center", fontsize=8.5)


def _arrow(ax, start: tuple[float, float], end: tuple[float, float]) -> None:
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, color=GREY))


def _short(value: float) -> str:
    return f"{value:.3g}"
