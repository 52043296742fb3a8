"""Show a view that is moved by widgets: the widgets, and the picture as an output of its own.

The picture stays where no widget can be shown: in a saved notebook, on a grading page, in a script.
"""

import html
from collections.abc import Callable
from typing import Any, Protocol

from tinytorch.viz.picture import Picture


class Movable(Protocol):
    """A view with a picture now, and widgets that show it again."""

    def picture(self) -> Picture: ...

    def controls(self, show: Callable[[Picture], None]): ...


def show_with_controls(view: Movable) -> None:
    """Display a view: in a notebook with its widgets, elsewhere its picture alone."""
    from IPython.display import display

    from tinytorch.viz.loss_curve import in_a_notebook

    if not in_a_notebook():
        display(view.picture())
        return
    display(view.controls(lambda picture: shown.update(picture)))
    shown = display(view.picture(), display_id=True)


def spoken(text: str, table: str = "") -> str:
    """Write a line that screen readers say when it changes, and a table below it, as HTML."""
    return f'<div role="status" aria-live="polite">{html.escape(text)}</div>{table}'


def with_words(control, move: Callable[[Any], None], words: Callable[[Any], str]):
    """Put a control (ipywidgets) above its words: each new value goes to `move`, then `words` gives the HTML for it."""
    import ipywidgets

    line = ipywidgets.HTML(words(control.value))

    def follow(change) -> None:
        move(change["new"])
        line.value = words(change["new"])

    control.observe(follow, names="value")
    return ipywidgets.VBox([control, line])


def html_table(rows, caption: str) -> str:
    """Write rows of text as an HTML table."""
    cells = "".join(
        "<tr>"
        + "".join(f'<td style="padding:0 .6em;text-align:right">{html.escape(cell)}</td>' for cell in row)
        + "</tr>"
        for row in rows
    )
    return f"<table><caption>{html.escape(caption)}</caption>{cells}</table>"
