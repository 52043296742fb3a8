"""Watch a loss while training runs.

>>> with LossCurve("MLP on digits") as curve:
...     for step in range(1000):
...         ...
...         curve.add(step, train=loss)

In a notebook the curve appears at the first `add` and moves at most ten times a second, less often where that would
cost training more than 3 % of its time; hovering shows values, buttons write PNG and CSV. At the end a plain
picture takes its place, which stays in the saved notebook and in grading pages. In a script nothing is shown;
`curve.save("loss.png")` draws.
"""

import time
from collections.abc import Callable
from pathlib import Path

from tinytorch.viz.loss_figure import loss_picture
from tinytorch.viz.loss_history import LossHistory
from tinytorch.viz.loss_svg import loss_svg
from tinytorch.viz.picture import Picture

SECONDS_BETWEEN_REDRAWS = 0.1  # more than ten pictures a second are not seen as more motion
# Of the time that passes, redrawing may take this share; on a busy machine the curve then moves less often. As much
# again is left for the thread that sends the messages.
LARGEST_SHARE = 0.015


class LossCurve:
    """A live picture of training and validation loss.

    Args:
        title: shown above the curve.
        log_scale: draw the loss on a logarithmic scale.
        clock: gives seconds; another one is for tests.
    """

    def __init__(
        self, title: str = "Loss", *, log_scale: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.title, self.log_scale = title, log_scale
        self.history = LossHistory()
        self.redraws = 0
        self._clock, self._next_redraw = clock, float("-inf")
        self._view = None

    def add(self, step: float, *, train=None, validation=None, learning_rate=None) -> None:
        """Record what is given for this step (plain numbers), and redraw if it is time."""
        self.history.add(step, train=train, validation=validation, learning_rate=learning_rate)
        now = self._clock()
        if now >= self._next_redraw:
            opening = self._view is None  # loads ipywidgets, once: that says nothing about the next redraws
            self._redraw()
            seconds = 0.0 if opening else self._clock() - now
            self._next_redraw = max(self._next_redraw, now + max(SECONDS_BETWEEN_REDRAWS, seconds / LARGEST_SHARE))

    def finish(self) -> None:
        """Draw the last values and leave a plain picture in the notebook. May be called again."""
        if self._view is not None:
            self._redraw()
            self._view.keep(self.picture())

    def picture(self) -> Picture:
        """Draw what was recorded so far."""
        return loss_picture(self.history, self.title, self.log_scale)

    def save(self, path: str | Path) -> Path:
        """Write the picture (.png, .svg, .pdf) or the numbers (.csv); give the file's path."""
        if Path(path).suffix == ".csv":
            return self.history.write_csv(path)
        return self.picture().save(path)

    def __enter__(self) -> "LossCurve":
        return self

    def __exit__(self, *problem) -> None:
        self.finish()

    def _redraw(self) -> None:
        if self._view is None:
            if not in_a_notebook():
                self._next_redraw = float("inf")
                return
            self._view = _NotebookView(self)
        self.redraws += 1
        self._view.show(loss_svg(self.history, self.title, self.log_scale))

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        return self.picture()._repr_mimebundle_()

    def __repr__(self) -> str:
        return repr(self.picture()).replace("Picture", "LossCurve")


def in_a_notebook() -> bool:
    """Tell whether this runs in a Jupyter kernel, where widgets can be shown."""
    try:
        from IPython import get_ipython
    except ModuleNotFoundError:
        return False
    return getattr(get_ipython(), "kernel", None) is not None


class _NotebookView:
    """The widget: the moving picture and its buttons. At the end the plain picture takes its place."""

    def __init__(self, curve: LossCurve) -> None:
        import ipywidgets
        from IPython.display import display

        self._html = ipywidgets.HTML()
        self._said = ipywidgets.Label()
        self._values = ipywidgets.ToggleButton(value=True, description="Hover for values", layout={"width": "auto"})
        self._values.observe(self._show_or_hide, names="value")
        buttons = [self._values, *(self._save_button(ipywidgets, curve, ending) for ending in ("png", "csv"))]
        display(ipywidgets.VBox([self._html, ipywidgets.HBox([*buttons, self._said])]))
        self._kept = None

    def _save_button(self, ipywidgets, curve: LossCurve, ending: str):
        button = ipywidgets.Button(description=f"Save {ending.upper()}", layout={"width": "auto"})
        button.on_click(lambda _: self._save(curve, ending))
        return button

    def _save(self, curve: LossCurve, ending: str) -> None:
        name = "".join(c if c.isalnum() else "_" for c in curve.title).strip("_").lower() or "loss"
        try:
            path = curve.save(Path(f"{name}.{ending}"))
            self._said.value = f"written: {path.resolve()}"
        except OSError as problem:
            self._said.value = f"could not write {name}.{ending}: {problem}"

    def _show_or_hide(self, change) -> None:
        self._html.layout.display = None if change["new"] else "none"

    def show(self, svg: str) -> None:
        self._html.value = svg

    def keep(self, picture: Picture) -> None:
        """Show the plain picture once, a later call replaces it; the one with values waits behind its button."""
        from IPython.display import display

        self._values.value = False
        if self._kept is None:
            self._kept = display(picture, display_id=True)
        else:
            self._kept.update(picture)
