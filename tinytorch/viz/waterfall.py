"""What each step of a way from one number to another took away or gave."""

from collections.abc import Sequence

from tinytorch.viz.picture import COLORS, GREY, Picture, as_numbers, new_figure


def waterfall(labels: Sequence[str], values: Sequence[float], title: str = "", *, ylabel: str = "") -> Picture:
    """Draw the first and the last value as bars from 0, and what each step changed as bars that hang between them.

    Args:
        labels: of the beginning, and of each step.
        values: at the beginning, and after each step; as many.
    """
    heights = as_numbers("values", values)
    if heights.ndim != 1 or heights.size != len(labels) or heights.size < 2:
        raise ValueError(f"a value for the beginning and one after each step are needed, got {heights.shape} for {labels}")
    figure, axes = new_figure(width=max(6.0, 1.1 * len(labels) + 1.1), height=3.6)
    ax = axes[0, 0]
    ax.bar(0, heights[0], color=GREY, width=0.6)
    ax.annotate(_short(heights[0]), (0, heights[0]), (0, 3), ha="center", textcoords="offset points", fontsize=9)
    for place, (before, after) in enumerate(zip(heights, heights[1:], strict=False), start=1):
        less = after <= before
        ax.plot([place - 0.7, place + 0.3], [before, before], color=GREY, lw=1)
        ax.bar(place, after - before, bottom=before, width=0.6, color=COLORS[0] if less else COLORS[1],
               hatch=None if less else "//", edgecolor="white")  # fmt: skip
        ax.annotate(_short(after - before, "+"), (place, max(before, after)), (0, 3), ha="center",
                    textcoords="offset points", fontsize=9)  # fmt: skip
    ax.bar(len(labels), heights[-1], color=GREY, width=0.6)
    ax.annotate(_short(heights[-1]), (len(labels), heights[-1]), (0, 3), ha="center", textcoords="offset points", fontsize=9)
    ax.set_xticks(range(len(labels) + 1), [*labels, "at the end"])
    ax.set(title=title, ylabel=ylabel)
    ax.margins(y=0.12)
    steps = ", ".join(f"{label} {_short(b - a, '+')}" for label, a, b in zip(labels[1:], heights, heights[1:], strict=False))
    return Picture(figure, f"{title or 'waterfall'}: from {_short(heights[0])} to {_short(heights[-1])}: {steps}")


def _short(number: float, sign: str = "") -> str:
    """Write a number with few digits."""
    return f"{number:{sign},.0f}" if abs(number) >= 100 or float(number).is_integer() else f"{number:{sign}.3g}"
