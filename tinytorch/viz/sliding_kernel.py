"""Slide a kernel over an image: window, products, and the map that a student's convolution gives.

>>> SlidingKernel(image, kernel, lambda: conv2d(...).data[0, 0])

The sum of one window is shown here; the map is the student's. Where the two differ, the text line says so.
"""

from collections.abc import Callable

import numpy as np
from matplotlib.patches import Rectangle

from tinytorch.viz.answers import ask, finite_array, in_short
from tinytorch.viz.picture import COLORS, Picture, as_numbers, new_figure
from tinytorch.viz.shown import html_table, show_with_controls, spoken, with_words

LARGEST_IMAGE, LARGEST_KERNEL = 32, 7  # pixels along an axis: cells of a larger one can't be told apart
MOST_NUMBERS = 110  # written into cells; more would make a move of the slider larger than 60 kB


class SlidingKernel:
    """A kernel on an image, place by place.

    Args:
        image: array (H, W).
        kernel: array (rows, columns).
        result: the map, an array; or a function without arguments that gives it.
        stride, padding: as the map was made.
    """

    def __init__(self, image, kernel, result, title: str = "", *, stride: int = 1, padding: int = 0) -> None:
        image, kernel = as_numbers("the image", image), as_numbers("the kernel", kernel)
        if (
            image.ndim != 2
            or kernel.ndim != 2
            or max(image.shape) > LARGEST_IMAGE
            or max(kernel.shape) > LARGEST_KERNEL
        ):
            raise ValueError(
                f"SlidingKernel takes an image (H, W) up to {LARGEST_IMAGE} pixels wide and a kernel up to "
                f"{LARGEST_KERNEL}, got {image.shape} and {kernel.shape}: choose one channel, cut out a part"
            )
        self.kernel, self.stride, self.title = kernel, stride, title
        self.image = np.pad(image, padding)
        starts = [range(0, n - k + 1, stride) for n, k in zip(self.image.shape, kernel.shape, strict=True)]
        self.places = [(r, c) for r in range(len(starts[0])) for c in range(len(starts[1]))]
        if not self.places:
            raise ValueError(f"the kernel {kernel.shape} has no place on the image {self.image.shape}: add padding")
        self.map, self.problem = _map_of(result, (len(starts[0]), len(starts[1])))
        self.place = len(self.places) // 2

    def window(self, place: int) -> np.ndarray:
        """Give the pixels below the kernel at a place."""
        row, column = (self.stride * start for start in self.places[place])
        return self.image[row : row + self.kernel.shape[0], column : column + self.kernel.shape[1]]

    def text(self, place: int | None = None) -> str:
        """Say a place, the sum of its products, and what the student's map has there."""
        place = self.place if place is None else place
        row, column = self.places[place]
        total = float((self.window(place) * self.kernel).sum())
        said = f"place ({row}, {column}): the {self.kernel.size} products add up to {in_short(total)}"
        if self.map is None:
            return f"{said}; there is no map: {self.problem}"
        there = float(self.map[row, column])
        if not np.isclose(there, total, rtol=1e-4, atol=1e-4):
            said += f", but the map has {in_short(there)} there"
        return f"{said}; {self.problem}" if self.problem else said

    def table(self, place: int | None = None) -> str:
        """Write the products of a place as an HTML table: pixel times weight."""
        window = self.window(self.place if place is None else place)
        rows = [
            [f"{in_short(x)}·{in_short(w)}" for x, w in zip(*pair, strict=True)]
            for pair in zip(window, self.kernel, strict=True)
        ]
        return html_table(rows, "pixel · weight")

    def picture(self, place: int | None = None) -> Picture:
        """Draw image, products and map at a place."""
        place = self.place if place is None else place
        row, column = self.places[place]
        figure, axes = new_figure(1, 3, width=7.0, height=2.6)
        written = self.image.size + self.kernel.size + len(self.places) <= MOST_NUMBERS
        pixels, products, result = axes[0]
        _cells(pixels, self.image, "image", "gray", written)
        _mark(pixels, self.stride * row, self.stride * column, *self.kernel.shape)
        _cells(products, self.window(place) * self.kernel, "window · kernel", "RdBu_r", self.kernel.size <= 25)
        if self.map is None:
            result.text(0.5, 0.5, "no map", ha="center", transform=result.transAxes)
            result.set_axis_off()
        else:
            seen = np.full(self.map.shape, np.nan)
            seen.flat[: place + 1] = self.map.flat[: place + 1]
            _cells(result, seen, "map", "RdBu_r", written, float(np.abs(self.map).max()))
            _mark(result, row, column, 1, 1)
        figure.suptitle(self.title)
        return Picture(figure, f"{self.title or 'sliding kernel'}: {self.text(place)}")

    def controls(self, show: Callable[[Picture], None]):
        """Make a slider (arrow keys move it) and the text and table that change with it."""
        import ipywidgets

        slider = ipywidgets.IntSlider(
            value=self.place, max=len(self.places) - 1, description="place", layout={"width": "60%"}
        )

        def move(place: int) -> None:
            self.place = place
            show(self.picture())

        return with_words(slider, move, lambda _: spoken(self.text(), self.table()))

    def _ipython_display_(self) -> None:
        show_with_controls(self)

    def __repr__(self) -> str:
        return f"<SlidingKernel: {self.kernel.shape} on {self.image.shape}, {len(self.places)} places>"


def _map_of(result, shape: tuple[int, int]) -> tuple[np.ndarray | None, str]:
    value, problem = ask(result) if callable(result) else (result, "")
    if problem:
        return None, problem
    found, problem = finite_array(value, 2)
    if found is not None and found.shape != shape:
        return None, f"it should have the shape {shape}, it has {found.shape}"
    return found, problem


def _cells(ax, array: np.ndarray, title: str, colors: str, written: bool, limit: float = 0.0) -> None:
    """Draw an array cell by cell; numbers are written in where there is room."""
    limit = limit or float(np.nanmax(np.abs(array), initial=0.0)) or 1.0
    low = 0.0 if colors == "gray" else -limit
    ax.imshow(array, cmap=colors, vmin=low, vmax=limit)
    if written:
        for (row, column), value in np.ndenumerate(array):
            if np.isfinite(value):
                dark = (value < 0.5 * limit) if colors == "gray" else abs(value) > 0.6 * limit
                text = f"{value + 0.0:.2g}"
                size = 8 if max(array.shape) <= 4 else 5
                ax.text(column, row, text, ha="center", va="center", fontsize=size, color="white" if dark else "black")
    ax.grid(False)
    ax.set(title=title, xticks=[], yticks=[])


def _mark(ax, row: int, column: int, rows: int, columns: int) -> None:
    ax.add_patch(Rectangle((column - 0.5, row - 0.5), columns, rows, fill=False, edgecolor=COLORS[1], lw=2.5))
