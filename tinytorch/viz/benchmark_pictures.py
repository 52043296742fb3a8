"""Pictures of measurements: single runs as dots, in the order in which they were made, and costs against each other."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from tinytorch.viz.picture import COLORS, GREY, Picture, as_numbers, new_figure

MARKERS = "ox^sD"  # so that color is never alone
ACROSS = 3  # panels in a row


def runs(
    panels: Mapping[str, Mapping[str, Sequence]],
    title: str = "",
    *,
    claims: Mapping[str, Mapping[str, float]] | None = None,
    ylabel: str = "ms",
    log: bool = False,
) -> Picture:
    """Draw a dot for each run, at its place in the order of all runs.

    Args:
        panels: title of a panel -> name -> (places, values), two sequences of one length.
        claims: title of a panel -> name -> one number that is said of all runs, drawn as a dashed line.
        log: whether values have a logarithmic axis; otherwise it starts at 0.
    """
    across = min(len(panels), ACROSS)
    lines = math.ceil(len(panels) / across)
    figure, axes = new_figure(lines, across, width=max(6.0, 3.0 * across), height=2.7 * lines + 0.4)
    for ax in axes.flat[len(panels) :]:
        ax.set_visible(False)
    for ax, (panel, series) in zip(axes.flat, panels.items(), strict=False):
        top = _panel(ax, panel, series, (claims or {}).get(panel, {}))
        ax.set_title(panel, fontsize=10)
        ax.set(xlabel="run", ylabel=ylabel)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_yscale("log") if log else ax.set_ylim(0, 1.08 * top or 1.0)
    handles, names = _legend(axes)
    if len(names) > 1:
        figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    figure.suptitle(title)
    return Picture(figure, f"{title or 'runs'}: {', '.join(panels)}")


def _panel(ax, panel: str, series: Mapping[str, Sequence], claims: Mapping[str, float]) -> float:
    """Draw the series of one panel; return the largest finite value."""
    largest = 0.0
    for i, (name, pair) in enumerate(series.items()):
        places, values = (as_numbers(f"{panel}, {name!r}", part) for part in pair)
        if places.shape != values.shape or places.ndim != 1:
            raise ValueError(f"{panel}, {name!r}: one place for each run, got {places.shape} and {values.shape}")
        color, many = COLORS[i % len(COLORS)], len(values) > 60
        ax.plot(places, values, MARKERS[i % len(MARKERS)], color=color, ms=3 if many else 5, mew=1.3, label=name,
                fillstyle="none")  # fmt: skip
        if name in claims:
            claim, highest = float(claims[name]), float(claims[name]) == max(claims.values())
            ax.axhline(claim, color=color, ls="--", lw=1.3)
            ax.annotate(f"{claim:.3g}", (1.0, claim), (3, 1 if highest else -1), color=color, fontsize=8,
                        xycoords=("axes fraction", "data"), textcoords="offset points",
                        va="bottom" if highest else "top")  # fmt: skip
        largest = float(np.max(values, where=np.isfinite(values), initial=largest))
    return largest


def _legend(axes):
    """List each name once, in the order of its first panel."""
    found: dict[str, object] = {}
    for ax in axes.flat:
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    return list(found.values()), list(found)


def trade_off(
    costs: Mapping[str, Sequence[float]], front: Sequence[str], title: str = "", *, xlabel: str = "", ylabel: str = ""
) -> Picture:
    """Draw entries by two costs (smaller is better), those of the front filled and joined by a staircase.

    Args:
        costs: name -> (across, up).
        front: the names that no other entry beats.
    """
    points = {name: as_numbers(f"the costs of {name!r}", pair) for name, pair in costs.items()}
    if any(point.shape != (2,) for point in points.values()):
        raise ValueError(f"trade_off draws two costs for each entry, got {dict(costs)}: choose two")
    if strange := [name for name in front if name not in points]:
        raise ValueError(f"the front names {strange}, which have no costs; there are {list(points)}")
    figure, axes = new_figure(height=3.8)
    ax = axes[0, 0]
    best = np.array(sorted(tuple(points[name]) for name in front)).reshape(-1, 2)
    ax.plot(best[:, 0], best[:, 1], color=COLORS[0], lw=1.5, drawstyle="steps-post", label="front")
    for name, (across, up) in points.items():
        chosen = name in front
        look = {"marker": "o", "color": COLORS[0]} if chosen else {"marker": "x", "color": GREY}
        ax.plot(across, up, ls="none", ms=7, mew=2, **look)
        ax.annotate(name, (across, up), (7, 5), textcoords="offset points", fontsize=9,
                    color="black" if chosen else GREY)  # fmt: skip
    ax.plot([], [], "o", color=COLORS[0], label="beaten by none")
    ax.plot([], [], "x", color=GREY, mew=2, label="beaten")
    ax.margins(0.12)
    ax.legend()
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return Picture(figure, f"{title or 'trade-off'}: on the front {', '.join(front) or 'nothing'}")
