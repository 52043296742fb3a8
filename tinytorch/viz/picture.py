"""One figure that shows itself in a notebook, a grading page or a file, in one style.

Figures are made without pyplot: nothing global is changed, and a notebook that draws a thousand keeps none.
"""

import base64
import io
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

# Okabe and Ito's colors: told apart by color-blind readers too.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Lines are told apart without color too, and one that lies below another is seen through its gaps.
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
GREY = "#6b6b6b"
DPI = 110  # text of a 7-inch figure is then as large as a notebook's own
STYLE = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}


class Picture:
    """A finished figure. Shows as PNG; `save` writes PNG, SVG or PDF by the file's ending."""

    def __init__(self, figure: Figure, description: str) -> None:
        self.figure, self.description = figure, description

    def png(self) -> bytes:
        """Draw the figure as PNG."""
        file = io.BytesIO()
        self.figure.savefig(file, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
        return file.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write the figure to a file; give its path."""
        self.figure.savefig(path, dpi=2 * DPI, bbox_inches="tight")
        return Path(path)

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        """Show as PNG, with the description as alternative text for those who can't see it."""
        data = {"image/png": base64.b64encode(self.png()).decode(), "text/plain": repr(self)}
        return data, {"image/png": {"alt": self.description}}

    def __repr__(self) -> str:
        return f"<Picture: {self.description}>"


def new_figure(rows: int = 1, columns: int = 1, *, width: float = 7.0, height: float = 3.4, **options):
    """Make a figure in the house style and give it with its axes, an array (rows, columns)."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False, **options)
    return figure, axes


def as_numbers(what: str, values) -> np.ndarray:
    """Give `values` as a float array, or say what was passed instead."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise TypeError(
            f"{what} must be numbers or an array, got {type(values).__name__}: pass the array (tensor.data)"
        ) from problem
