"""Windows of an image as the columns of a matrix: which column is which window.

>>> WindowMatrix(image, (3, 3), im2col(image[None, None], (3, 3))[0])

The matrix is the student's. If a column is not the window, the text line says so.
"""

from collections.abc import Callable

import numpy as np
from matplotlib.patches import Rectangle

from tinytorch.viz.answers import finite_array, in_short
from tinytorch.viz.few_colors import FewColors
from tinytorch.viz.picture import COLORS, Picture, as_numbers, new_figure
from tinytorch.viz.shown import show_with_controls, spoken

LARGEST_IMAGE, LARGEST_WINDOW = 8, 4  # pixels along an axis: numbers in smaller cells can't be read


class WindowMatrix:
    """An image next to the matrix of its windows, stride 1, no padding.

    Args:
        image: array (H, W).
        kernel_size: (rows, columns) of a window.
        columns: the matrix (rows * columns, places), as the student's function gave it.
    """

    def __init__(self, image, kernel_size, columns, title: str = "") -> None:
        self.image, self.title = as_numbers("the image", image), title
        self.size = tuple(int(n) for n in kernel_size)
        if self.image.ndim != 2 or max(self.image.shape) > LARGEST_IMAGE or not 0 < max(self.size) <= LARGEST_WINDOW:
            raise ValueError(
                f"WindowMatrix takes an image (H, W) up to {LARGEST_IMAGE} pixels wide and a window up to "
                f"{LARGEST_WINDOW}, got {self.image.shape} and {self.size}: cut out a part"
            )
        down, self.across = (n - k + 1 for n, k in zip(self.image.shape, self.size, strict=True))
        if down < 1 or self.across < 1:
            raise ValueError(f"a window {self.size} has no place in an image {self.image.shape}: take a smaller one")
        self.places = down * self.across
        self.matrix, self.problem = finite_array(columns, 2)
        expected = (self.size[0] * self.size[1], self.places)
        if self.matrix is not None and self.matrix.shape != expected:
            self.problem = f"the matrix should have the shape {expected}, it has {self.matrix.shape}"
            self.matrix = None
        self.place = self.places // 2

    def window(self, place: int) -> np.ndarray:
        """Give the pixels of a window."""
        row, column = divmod(place, self.across)
        return self.image[row : row + self.size[0], column : column + self.size[1]]

    def text(self, place: int | None = None) -> str:
        """Say which window a column is, and whether the student's column has its pixels."""
        place = self.place if place is None else place
        row, column = divmod(place, self.across)
        pixels = " ".join(in_short(x) for x in self.window(place).ravel())
        said = f"column {place} of {self.places} is the window at ({row}, {column}): {pixels}"
        if self.matrix is None:
            return f"{said}; there is no matrix: {self.problem}"
        if not np.allclose(self.matrix[:, place], self.window(place).ravel()):
            there = " ".join(in_short(x) for x in self.matrix[:, place])
            said += f"; but the matrix has {there} there"
        return said

    def picture(self, place: int | None = None) -> Picture:
        """Draw image and matrix, with a frame around the window and around its column."""
        place = self.place if place is None else place
        row, column = divmod(place, self.across)
        width = 2.6 + 0.32 * min(self.places, 36)
        figure, axes = new_figure(
            1, 2, width=min(width, 9.0), height=3.4, width_ratios=[self.image.shape[1], self.places]
        )
        limits = float(self.image.min()), float(self.image.max()) or 1.0
        _cells(axes[0, 0], self.image, "image", limits, 8)
        _frame(axes[0, 0], row, column, *self.size)
        if self.matrix is None:
            axes[0, 1].text(0.5, 0.5, "no matrix", ha="center", transform=axes[0, 1].transAxes)
            axes[0, 1].set_axis_off()
        else:
            _cells(axes[0, 1], self.matrix, "matrix: a window in each column", limits, 7 if self.places <= 16 else 0)
            _frame(axes[0, 1], 0, place, len(self.matrix), 1)
        figure.suptitle(self.title)
        return FewColors(figure, f"{self.title or 'windows as columns'}: {self.text(place)}")

    def controls(self, show: Callable[[Picture], None]):
        """Make a slider over the columns (arrow keys move it), and the line that changes with it."""
        import ipywidgets

        slider = ipywidgets.IntSlider(
            value=self.place, max=max(self.places - 1, 0), description="column", layout={"width": "60%"}
        )
        said = ipywidgets.HTML(spoken(self.text()))

        def move(change) -> None:
            self.place = change["new"]
            said.value = spoken(self.text())
            show(self.picture())

        slider.observe(move, names="value")
        return ipywidgets.VBox([slider, said])

    def _ipython_display_(self) -> None:
        show_with_controls(self)

    def __repr__(self) -> str:
        return f"<WindowMatrix: {self.places} windows of {self.size} in {self.image.shape}>"


def _cells(ax, array: np.ndarray, title: str, limits: tuple[float, float], fontsize: int) -> None:
    """Draw an array cell by cell, the same number in the same shade everywhere; numbers where there is room."""
    ax.imshow(array, cmap="viridis", vmin=limits[0], vmax=limits[1], aspect="equal")
    middle = (limits[0] + limits[1]) / 2
    for (row, column), value in np.ndenumerate(array) if fontsize else ():
        color = "white" if value < middle else "black"
        ax.text(column, row, in_short(value), ha="center", va="center", fontsize=fontsize, color=color)
    ax.grid(False)
    ax.set(title=title, xticks=[], yticks=[])


def _frame(ax, row: int, column: int, rows: int, columns: int) -> None:
    ax.add_patch(Rectangle((column - 0.5, row - 0.5), columns, rows, fill=False, edgecolor=COLORS[1], lw=3))
