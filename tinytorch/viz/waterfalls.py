"""What each step of a way from one number to another took away or gave."""

from collections.abc import Sequence
from itertools import pairwise

from tinytorch.viz.picture import COLORS, GREY, Picture, as_numbers, new_figure

WIDTH = 0.6  # of a bar


def waterfall(labels: Sequence[str], values: Sequence[float], title: str = "", *, ylabel: str = "") -> Picture:
    """Draw the first and the last value as bars from 0, and what each step changed as bars that hang between them.

    Args:
        labels: of the beginning, and of each step.
        values: at the beginning, and after each step; as many.
    """
    heights = as_numbers("values", values)
    if heights.ndim != 1 or heights.size != len(labels) or heights.size < 2:
        raise ValueError(f"one value for each of {list(labels)}, at least 2, are needed; got the shape {heights.shape}")
    figure, axes = new_figure(width=max(6.0, 1.1 * len(labels) + 1.1), height=3.6)
    ax = axes[0, 0]
    for place, height in ((0, heights[0]), (len(labels), heights[-1])):
        ax.bar(place, height, color=GREY, width=WIDTH)
        _write(ax, place, height, _short(height))
    for place, (before, after) in enumerate(pairwise(heights), start=1):
        color, hatch = (COLORS[1], "//") if after > before else (COLORS[0], None)  # so that color is never alone
        ax.plot([place - 1 + WIDTH / 2, place + WIDTH / 2], [before, before], color=GREY, lw=1)
        ax.bar(place, after - before, bottom=before, width=WIDTH, color=color, hatch=hatch, edgecolor="white")
        _write(ax, place, max(before, after), _short(after - before, "+"))
    ax.set_xticks(range(len(labels) + 1), [*labels, "at the end"])
    ax.set(title=title, ylabel=ylabel)
    low, high = min(0.0, heights.min()), max(0.0, heights.max())
    ax.set_ylim(1.1 * low, 1.1 * high or 1.0)  # room for the numbers
    return Picture(figure, f"{title or 'waterfall'}: {_told(labels, heights)}")


def _write(ax, place: int, height: float, text: str) -> None:
    """Write a number above a bar."""
    ax.annotate(text, (place, height), (0, 3), ha="center", textcoords="offset points", fontsize=9)


def _told(labels: Sequence[str], heights) -> str:
    """Say all of it in words."""
    changes = [f"{label} {_short(b - a, '+')}" for label, (a, b) in zip(labels[1:], pairwise(heights), strict=True)]
    return f"from {_short(heights[0])} to {_short(heights[-1])}: {', '.join(changes)}"


def _short(number: float, sign: str = "") -> str:
    """Write a number with few digits."""
    whole = abs(number) >= 100 or float(number).is_integer()
    return f"{number:{sign},.0f}" if whole else f"{number:{sign}.3g}"
