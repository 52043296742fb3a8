"""The panels of a picture of pruning masks: arrays in, drawings on axes out."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from tinytorch.viz.picture import COLORS, STYLE

PRUNED = "0.78"  # grey: neither blue nor red, and not the white of a weight near zero
COLOR_STEPS = 10  # of a weight: enough to tell strong from weak, and a small picture
MOST_CELLS = 128  # along an axis of a layer: of more, every n-th is drawn
MOST_COUNTS = 10  # pixels along an axis up to which their counts are written
LINES, MARKS = ("-", "--", ":"), "os^"  # told apart without colors
TILES_ACROSS = 5


def panels(above: Sequence[str], below: Sequence[str]):
    """Make a figure: "mask" at the left over its whole height, two rows of other panels next to it."""
    rows = [["mask", *(list(row) * (2 // len(row)))] for row in (above, below) if row] or [["mask"]]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.0 if len(rows[0]) == 1 else 8.6, 2.5 * len(rows)), layout="constrained")
        return figure, figure.subplot_mosaic(rows)


def draw_mask(ax, layer: str, weights: np.ndarray, mask: np.ndarray | None) -> None:
    """Draw weights (out, in), those that are removed in grey."""
    ax.set(title=f"{layer}: grey is removed", xlabel="input", ylabel="unit")
    ax.grid(False)
    if mask is None:
        ax.text(0.5, 0.5, "no mask", ha="center", va="center", transform=ax.transAxes)
        return
    weights = np.nan_to_num(weights)
    limit = float(np.quantile(np.abs(weights), 0.99)) or 1.0
    steps = tuple(slice(None, None, max(1, -(-size // MOST_CELLS))) for size in weights.shape)
    colors = matplotlib.colormaps["RdBu_r"].resampled(COLOR_STEPS).with_extremes(bad=PRUNED)
    shown = np.ma.masked_where(~mask, weights)[steps]
    extent = (-0.5, weights.shape[1] - 0.5, weights.shape[0] - 0.5, -0.5)
    ax.imshow(shown, cmap=colors, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest", extent=extent)


def draw_uses(ax, uses: np.ndarray | None, most: int) -> None:
    """Draw for each pixel how many of `most` units look at it, as color and number."""
    _bare(ax, "weights left at each pixel")
    if uses is None:
        return
    ax.imshow(uses, cmap="Blues", vmin=0, vmax=most, interpolation="nearest")
    if max(uses.shape) > MOST_COUNTS:
        return
    for (row, column), count in np.ndenumerate(uses):
        color, weight = "white" if count > 0.6 * most else "black", "bold" if count == 0 else "normal"
        ax.text(column, row, str(count), ha="center", va="center", fontsize=7, color=color, weight=weight)


def draw_templates(ax, templates: np.ndarray, uses: np.ndarray | None) -> None:
    """Draw images side by side, with a cross on each pixel that nobody uses."""
    tiles, places = _tiled(templates)
    _bare(ax, "templates (x: unused)")
    ax.imshow(tiles, cmap="gray", interpolation="nearest")
    if uses is None or not (uses == 0).any():
        return
    rows, columns = np.nonzero(uses == 0)
    at = [(top + row, left + column) for top, left in places for row, column in zip(rows, columns, strict=True)]
    ax.plot([x for _, x in at], [y for y, _ in at], "x", color=COLORS[4], ms=3, mew=0.9)


def draw_right(ax, levels: Sequence[float], right: Mapping[str, np.ndarray], level: float) -> None:
    """Draw shares of right answers over the sparsity, with a line at the chosen one."""
    for i, (name, shares) in enumerate(right.items()):
        look = {"ls": LINES[i % len(LINES)], "marker": MARKS[i % len(MARKS)], "color": COLORS[i % len(COLORS)]}
        ax.plot(levels, shares, ms=4, label=name, **look)
    ax.axvline(level, color="black", lw=1)
    ax.set(title="share of right answers", xlabel="sparsity", ylim=(0, 1.02))
    ax.legend(loc="lower left", fontsize=9)


def draw_bytes(ax, sizes: Mapping[str, int]) -> None:
    """Draw bytes as bars with their numbers."""
    ax.set_title("bytes in a file")
    ax.grid(False)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    if not sizes:
        ax.text(0.5, 0.5, "nothing to count", ha="center", va="center", transform=ax.transAxes)
        return
    drawn = ax.barh(list(sizes), list(sizes.values()), color=COLORS[5], height=0.6)
    ax.bar_label(drawn, [f" {size:,}" for size in sizes.values()], fontsize=9)
    ax.margins(x=0.25)
    ax.invert_yaxis()


def _bare(ax, title: str) -> None:
    ax.set(title=title, xticks=[], yticks=[])
    ax.grid(False)


def _tiled(templates: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Lay templates side by side with a line of white between; give the picture and each one's upper left corner."""
    count, height, width = templates.shape
    templates = np.nan_to_num(templates) / (float(np.nanmax(np.abs(templates))) or 1.0)
    across = min(TILES_ACROSS, count)
    tiles = np.ones((-(-count // across) * (height + 1) - 1, across * (width + 1) - 1))
    places = [(i // across * (height + 1), i % across * (width + 1)) for i in range(count)]
    for template, (top, left) in zip(templates, places, strict=True):
        tiles[top : top + height, left : left + width] = template
    return tiles, places
