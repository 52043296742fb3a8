"""How fast operations run under the two limits of a machine: its processor and its memory.

A roofline (Williams, Waterman and Patterson 2009): to the right more operations for each byte, upwards more operations
in each second. The slope is what memory can feed, the flat part what the processor can compute.
"""

import math
from collections.abc import Mapping

import numpy as np

from tinytorch.viz.picture import COLORS, GREY, Picture, new_figure

MARKS = "osD^vP*X"  # each dot has its own shape, in addition to its name
MARGIN = 2.5  # factor by which the axes reach beyond dots and roof


def roofline(flops_per_second: float, bytes_per_second: float, dots: Mapping[str, tuple], title: str = "") -> Picture:
    """Draw the roof of a machine and operations below it.

    Args:
        flops_per_second: the most that the processor computes.
        bytes_per_second: the most that memory reads and writes.
        dots: name -> (flops per byte, flops per second), both above 0.
    """
    for what, value in (("flops_per_second", flops_per_second), ("bytes_per_second", bytes_per_second)):
        if not 0 < value < math.inf:
            raise ValueError(f"{what} of a machine must be a number above 0, got {value}")
    places = {str(name): _place(name, dot) for name, dot in dots.items()}
    ridge = flops_per_second / bytes_per_second
    left = min([ridge / 10, *(x for x, _ in places.values())]) / MARGIN
    right = max([ridge * 10, *(x for x, _ in places.values())]) * MARGIN
    figure, axes = new_figure(width=7.0, height=4.2)
    ax = axes[0, 0]
    _roof(ax, flops_per_second, bytes_per_second, np.array([left, ridge, right]))
    for number, (name, (x, y)) in enumerate(places.items()):
        ax.plot([x], [y / 1e9], MARKS[number % len(MARKS)], color=COLORS[number % len(COLORS)], ms=8, label=name)
    lowest = min([bytes_per_second * left, *(y for _, y in places.values())])
    highest = max([flops_per_second, *(y for _, y in places.values())])
    ax.set(
        xscale="log", yscale="log", xlim=(left, right), ylim=(lowest / 1e9 / MARGIN, highest / 1e9 * MARGIN),
        xlabel="flops per byte", ylabel="billion flops per second", title=title,
    )  # fmt: skip
    if places:
        figure.legend(loc="outside right center", frameon=False)
    told = "; ".join(f"{name} {_told(x, y, flops_per_second, bytes_per_second)}" for name, (x, y) in places.items())
    return Picture(figure, f"{title or 'roofline'}: {told or 'no operations'}")


def _place(name, dot) -> tuple[float, float]:
    x, y = (float(value) for value in dot)
    if not (0 < x < math.inf and 0 < y < math.inf):
        raise ValueError(f"{name} has {x} flops per byte and {y} a second: what computes nothing has no place here")
    return x, y


def _roof(ax, flops_per_second: float, bytes_per_second: float, x: np.ndarray) -> None:
    """Draw slope, flat part and the ridge where they meet, each with its name."""
    height = np.minimum(bytes_per_second * x, flops_per_second) / 1e9
    ax.plot(x, height, color="black", lw=2)
    left, ridge, right = x
    ax.plot([ridge, ridge], [1e-9, height[1]], color=GREY, lw=1, ls=":")
    ax.annotate(
        f"processor: {flops_per_second / 1e9:.3g} billion flops/s", (right, height[2]), (-6, 5),
        textcoords="offset points", ha="right", fontsize=9,
    )  # fmt: skip
    middle = math.sqrt(left * ridge)
    ax.annotate(
        f"memory:\n{bytes_per_second / 1e9:.3g} billion bytes/s", (middle, bytes_per_second * middle / 1e9), (-10, 6),
        textcoords="offset points", ha="right", va="bottom", fontsize=9,
    )  # fmt: skip


def _told(x: float, y: float, flops_per_second: float, bytes_per_second: float) -> str:
    roof = min(flops_per_second, bytes_per_second * x)
    limit = "memory" if bytes_per_second * x < flops_per_second else "processor"
    return f"{y / roof:.0%} of what the {limit} allows"
