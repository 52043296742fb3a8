"""The few charts that most teaching figures are: lines, rows of images, a matrix with its numbers, a surface.

Each takes arrays and gives a Picture.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinytorch.viz.picture import COLORS, DASHES, GREY, Picture, as_numbers, new_figure

HATCHES = ("", "//", "..", "xx", "\\\\", "--", "++")  # of the parts of a bar
POINTS = "osx^+d"  # shapes of points without lines: color is never the only difference


def lines(
    x,
    values_by_name: Mapping[str, object],
    title: str = "",
    *,
    xlabel: str = "",
    ylabel: str = "",
    log: str = "",
    ylim: tuple[float, float] | None = None,
    notes: Sequence[tuple] = (),
    markers: bool = False,
    joined: bool = True,
) -> Picture:
    """Draw lines over one x axis.

    Args:
        x: values of the x axis, or None for 0, 1, 2, ...; name -> values where each line has its own.
        values_by_name: name -> values.
        log: axes with a logarithmic scale: "", "x", "y" or "xy".
        notes: (x, y, text) written next to that point, or (x, y, text, "left" or "right").
        markers: draw the points too.
        joined: False for points alone, if there is nothing between them; each name has its own shape.
    """
    if unknown := set(log) - {"x", "y"}:
        raise ValueError(f"log names the axes with a logarithmic scale, 'x', 'y' or 'xy'; got {sorted(unknown)}")
    figure, axes = new_figure()
    ax = axes[0, 0]
    for i, (name, values) in enumerate(values_by_name.items()):
        y = as_numbers(f"line {name!r}", values)
        own = x.get(name) if isinstance(x, Mapping) else x
        at = np.arange(len(y)) if own is None else as_numbers("x", own)
        if at.shape != y.shape:
            raise ValueError(f"line {name!r} needs one value for each x, got {y.shape} values for {at.shape} places")
        style = _dashes(i, markers) if joined else _points(i)
        ax.plot(at, y, color=COLORS[i % len(COLORS)], label=name, **style)
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    if x is None:  # counted, so there is no step 2.5
        ax.locator_params(axis="x", integer=True)
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log")
    if ylim is not None:
        ax.set_ylim(ylim)
    for note in notes:
        _note(ax, *note)
    if len(values_by_name) > 1:
        ax.legend()
    return Picture(figure, f"{title or 'lines'}: {', '.join(values_by_name)}")


def bars(names: Sequence[str], parts: Mapping[str, object], title: str = "", *, ylabel: str = "") -> Picture:
    """Draw one bar for each name, stacked from its parts.

    Args:
        parts: part -> one value for each name, from the bottom up.
    """
    figure, axes = new_figure(width=max(4.0, 1.2 + 1.1 * len(names)))
    ax, bottom = axes[0, 0], np.zeros(len(names))
    for i, (part, values) in enumerate(parts.items()):
        heights = as_numbers(f"part {part!r}", values)
        if heights.shape != bottom.shape:
            raise ValueError(f"part {part!r} needs one value for each of {len(names)} bars, got {heights.shape}")
        look = {"color": COLORS[i % len(COLORS)], "hatch": HATCHES[i % len(HATCHES)], "edgecolor": "white", "lw": 0}
        ax.bar(names, heights, bottom=bottom, width=0.6, label=part, **look)
        bottom = bottom + heights
    for place, total in enumerate(bottom):
        _write(ax, place, total)
    if (bottom < 0).any():
        ax.axhline(0, color=GREY, lw=1)
        ax.margins(y=0.1)  # room for the numbers below
    ax.grid(False, axis="x")
    ax.set(title=title, ylabel=ylabel)
    if len(parts) > 1:
        figure.legend(loc="outside lower center", ncols=len(parts))
    return Picture(figure, f"{title or 'bars'}: {', '.join(names)}")


def _dashes(i: int, markers: bool) -> dict:
    """The style of a line: the first is whole, each further one has gaps of its own."""
    return {"lw": 2, "ls": DASHES[i % len(DASHES)], "marker": "o" if markers else None, "ms": 4}


def _points(i: int) -> dict:
    """The style of points alone: the first hollow and large, so that others on the same place are seen, too."""
    shape = POINTS[i % len(POINTS)]
    return {"ls": "", "marker": shape, "ms": 11 if i == 0 else 6, "markerfacecolor": "none" if i == 0 else None}


def _write(ax, place: int, total: float) -> None:
    """Write a bar's number beyond its end."""
    away, side = (-3, "top") if total < 0 else (1, "bottom")
    ax.annotate(f"{total:.4g}", (place, total), (0, away), textcoords="offset points", ha="center", va=side, fontsize=9)


def _note(ax, x: float, y: float, text: str, side: str = "") -> None:
    """Write above a point, towards the side with more room unless told."""
    if not side:
        ax.autoscale_view()  # limits are otherwise not known before drawing
        place = ax.transAxes.inverted().transform(ax.transData.transform((x, y)))[0]
        side = "left" if place > 0.45 else "right"
    ax.annotate(
        text,
        (x, y),
        xytext=(14 if side == "right" else -14, 14),
        textcoords="offset points",
        ha="left" if side == "right" else "right",
        arrowprops={"arrowstyle": "-", "color": "0.4"},
        bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
    )


def images(pictures, titles: Sequence[str] = (), title: str = "", *, columns: int = 8, size: float = 1.1) -> Picture:
    """Draw images side by side: grey (H, W), or color (H, W, 3) with values 0..255 or 0..1."""
    pictures = [np.asarray(p) for p in pictures]
    if not pictures:
        raise ValueError("images needs at least one picture, got none")
    if titles and len(titles) != len(pictures):
        raise ValueError(f"one title for each picture, got {len(titles)} titles for {len(pictures)} pictures")
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    figure, axes = new_figure(rows, columns, width=size * columns, height=(size + 0.25 * bool(titles)) * rows)
    for ax in axes.flat:
        ax.set_axis_off()
    for i, (ax, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        ax.imshow(picture, cmap="gray", interpolation="nearest")
        if titles:
            ax.set_title(titles[i], fontsize=9, loc="center")
    figure.suptitle(title)
    return Picture(figure, f"{title or 'images'}: {len(pictures)} pictures")


def matrix(
    values, title: str = "", *, xlabel: str = "", ylabel: str = "", numbers: bool | None = None, digits: int = 2
) -> Picture:
    """Draw a 2-D array as colored cells, blue below zero and red above; the first row is on top.

    Args:
        numbers: write the values into the cells; by default up to 12 x 12.
    """
    array = as_numbers("values", values)
    if array.ndim != 2:
        raise ValueError(f"matrix draws arrays with 2 axes, got {array.shape}: choose one slice")
    figure, axes = new_figure(width=min(8, 1.5 + 0.6 * array.shape[1]), height=min(7, 1.2 + 0.45 * array.shape[0]))
    ax = axes[0, 0]
    limit = float(np.nanmax(np.abs(array), initial=0.0)) or 1.0
    both_signs = bool((array < 0).any())
    picture = ax.imshow(
        array, cmap="RdBu_r" if both_signs else "Reds", vmin=-limit if both_signs else 0, vmax=limit, aspect="auto"
    )
    if numbers if numbers is not None else max(array.shape) <= 12:
        for (row, column), value in np.ndenumerate(array):
            color = "white" if abs(value) > 0.6 * limit else "black"
            ax.text(column, row, f"{value:.{digits}g}", ha="center", va="center", color=color, fontsize=9)
    ax.grid(False)
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel, xticks=range(array.shape[1]), yticks=range(array.shape[0]))
    if max(array.shape) > 20:
        ax.set(xticks=[], yticks=[])
    figure.colorbar(picture, ax=ax)
    return Picture(figure, f"{title or 'matrix'}: {array.shape[0]} x {array.shape[1]}")


def surface(
    function: Callable, xlim: tuple[float, float], ylim: tuple[float, float], title: str = "", *, resolution: int = 200
) -> Picture:
    """Draw z = function(x, y), a function of arrays, in perspective and as contour lines."""
    x, y = np.meshgrid(np.linspace(*xlim, resolution), np.linspace(*ylim, resolution))
    z = as_numbers("the function's values", function(x, y))
    figure, axes = new_figure(1, 2, width=9.0, height=3.8)
    flat = axes[0, 1]
    axes[0, 0].remove()
    solid = figure.add_subplot(1, 2, 1, projection="3d")
    solid.plot_surface(x, y, z, cmap="viridis", linewidth=0, rcount=40, ccount=40)
    solid.set(xlabel="x", ylabel="y", title=title)
    contours = flat.contour(x, y, z, levels=levels(z), cmap="viridis")
    flat.clabel(contours, fontsize=8)
    flat.set(xlabel="x", ylabel="y", title="contour lines")
    return Picture(figure, f"{title or 'surface'} over x {xlim}, y {ylim}")


def levels(z: np.ndarray, count: int = 12) -> np.ndarray:
    """Choose contour levels: evenly in z, or by equal factors where z spans several powers of ten above its minimum."""
    low, high = float(np.nanmin(z)), float(np.nanmax(z))
    span = high - low
    if span <= 0:
        return np.array([low])
    typical = float(np.nanmedian(z)) - low
    if typical < span / 10:
        return low + np.geomspace(span * 1e-4, span, count)
    return np.linspace(low + span / (count + 1), high, count)
