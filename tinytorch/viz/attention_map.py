"""Where each token looks: tables of attention weights as heat maps, side by side and in words.

>>> AttentionMap({"head 0": weights[0], "head 1": weights[1]}, rows, columns)       # weights: (heads, queries, keys)

In a notebook two sliders choose a map and a row of it (arrow keys move them), and a line says where that row looks;
elsewhere, and in a saved notebook, all maps are side by side.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinytorch.viz.picture import COLORS, Picture, as_numbers, new_figure
from tinytorch.viz.shown import show_with_controls, spoken

MOST_CELLS = 64 * 64  # of one map: more could not be told apart, and would make a large picture
MOST_TICKS = 24  # names on an axis; more would lie over each other
ACROSS = 4  # maps in a row of the picture
NAMED = 3  # keys that the line names, the most looked at first


class AttentionMap:
    """Heat maps of weights with names for rows (who looks) and columns (what is looked at).

    Args:
        maps: name -> array (queries, keys), all of one shape; or one array (heads, queries, keys) or (queries, keys).
        rows, columns: one short text for each query and each key (columns default to rows, rows to their numbers).
    """

    def __init__(self, maps, rows: Sequence[object] = (), columns: Sequence[object] = (), title: str = "") -> None:
        self.maps = _maps(maps)
        queries, keys = next(iter(self.maps.values())).shape
        self.rows = _names("row", rows or range(queries), queries)
        self.columns = _names("column", columns or (rows if queries == keys else ()) or range(keys), keys)
        self.title = title

    def picture(self, name: str | None = None, row: int | None = None) -> Picture:
        """Draw one map (default: all of them), with a frame around one row of each."""
        chosen = [name] if name is not None else list(self.maps)
        lines, across = math.ceil(len(chosen) / ACROSS), min(len(chosen), ACROSS)
        figure, axes = new_figure(lines, across, width=max(4.6, 3.2 * across + 0.6), height=3.4 * lines)
        for ax in axes.flat[len(chosen) :]:
            ax.set_visible(False)
        for place, (ax, shown) in enumerate(zip(axes.flat, chosen, strict=False)):
            drawn = self._draw(ax, shown, row, named=place % ACROSS == 0)
        figure.colorbar(drawn, ax=axes, label="weight", shrink=0.8)
        figure.suptitle(self.title)
        return Picture(figure, f"{self.title or 'attention'}: {', '.join(chosen)}. {self.line(chosen[-1], row or 0)}")

    def _draw(self, ax, name: str, row: int | None, named: bool):
        weights = self.maps[name]
        drawn = ax.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        ax.set_title(name)
        ax.grid(False)
        columns, rows = _ticks(self.columns), _ticks(self.rows)
        ax.set_xticks(columns, [self.columns[i] for i in columns], rotation=90, fontsize=8)
        ax.set_yticks(rows, [self.rows[i] if named else "" for i in rows], fontsize=8)
        if row is not None:
            ax.axhspan(row - 0.5, row + 0.5, fill=False, edgecolor=COLORS[1], linewidth=2)
        return drawn

    def line(self, name: str, row: int) -> str:
        """Say in one line where a row looks, the largest weights first."""
        weights = self.maps[name][row]
        if not np.isfinite(weights).all():
            return f"{name}, {self.rows[row]}: weights that are no finite numbers"
        largest = np.argsort(-weights, kind="stable")[:NAMED]
        looks = ", ".join(f"{self.columns[key]} ({weights[key]:.0%})" for key in largest if weights[key] >= 0.005)
        return f"{name}, {self.rows[row]}: looks at {looks or 'nothing'}"

    def controls(self, show: Callable[[Picture], None]):
        """Make sliders for map and row that let `show` draw, and a line that says where the row looks."""
        import ipywidgets

        names = list(self.maps)
        which = ipywidgets.SelectionSlider(
            options=names, value=names[-1], description="map", layout={"width": "60%"}, disabled=len(names) == 1
        )
        row = ipywidgets.IntSlider(max=len(self.rows) - 1, description="row", layout={"width": "60%"})
        line = ipywidgets.HTML(spoken(self.line(names[-1], 0)))

        def move(_) -> None:
            line.value = spoken(self.line(which.value, row.value))
            show(self.picture(which.value, row.value))

        which.observe(move, names="value")
        row.observe(move, names="value")
        return ipywidgets.VBox([which, row, line])

    def _ipython_display_(self) -> None:
        show_with_controls(self)

    def __repr__(self) -> str:
        return f"<AttentionMap: {', '.join(self.maps)}; {len(self.rows)} rows, {len(self.columns)} columns>"


def _ticks(names: list[str]) -> range:
    return range(0, len(names), math.ceil(len(names) / MOST_TICKS))


def _maps(maps) -> dict[str, np.ndarray]:
    if not isinstance(maps, Mapping):
        array = as_numbers("weights", maps)
        heads = array[None] if array.ndim == 2 else array
        maps = {f"head {i}" if len(heads) > 1 else "weights": head for i, head in enumerate(heads)}
    arrays = {str(name): as_numbers(f"map {name!r}", weights) for name, weights in maps.items()}
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) != 1 or len(shape := next(iter(shapes))) != 2 or not 0 < math.prod(shape) <= MOST_CELLS:
        raise ValueError(
            f"maps are arrays (queries, keys) of one shape with at most {MOST_CELLS} cells, got {sorted(shapes)}: "
            "choose one row of the batch, or a part of the text"
        )
    return arrays


def _names(what: str, names, count: int) -> list[str]:
    if len(names) != count:
        raise ValueError(f"one name for each {what} is needed, {count} in all, got {len(names)}")
    return [str(name) for name in names]
