"""Type a sentence and see its tokens after few and many merges.

>>> TokensByMerges(cut, (0, 100, 500), "How now?")         # cut(text, merges) gives pairs (piece, id)

In a notebook a text field and one row of tokens for each number of merges; elsewhere, and in a saved notebook, the rows
of the first text.
"""

from collections.abc import Callable, Sequence

from tinytorch.viz.shown import spoken
from tinytorch.viz.token_pictures import Tokens

LONGEST_TEXT = 120  # bytes of UTF-8: what is sent for one change then stays below 60 kB


class TokensByMerges:
    """A text cut into tokens, once for each number of merges.

    Args:
        cut: cut(text, count) gives the tokens after `count` merges, pairs (piece, id).
        counts: the numbers of merges, one row for each.
        text: what is shown first.
    """

    def __init__(self, cut: Callable[[str, int], Sequence[tuple]], counts: Sequence[int], text: str) -> None:
        self.cut, self.counts, self.text = cut, tuple(counts), text
        self.picture()  # what fails, fails in the cell that made this

    def picture(self, text: str | None = None) -> Tokens:
        """Cut a text (default: the first one) and give its rows."""
        text = shortened(self.text if text is None else text)
        return Tokens({f"{count} merges": self.cut(text, count) for count in self.counts})

    def line(self, tokens: Tokens, text: str) -> str:
        """Say in one line what the rows show."""
        numbers = ", ".join(str(len(row)) for row in tokens.rows.values())
        merges = ", ".join(map(str, self.counts))
        return f"{len(shortened(text))} characters; tokens after {merges} merges: {numbers}"

    def controls(self):
        """Make the text field, the line that says what is seen, and the rows (ipywidgets)."""
        import ipywidgets

        field = ipywidgets.Text(value=self.text, description="text", layout={"width": "90%"})
        line, rows = ipywidgets.HTML(), ipywidgets.HTML()
        field.observe(lambda change: self._show(change["new"], line, rows), names="value")
        self._show(self.text, line, rows)
        return ipywidgets.VBox([field, line, rows])

    def _show(self, text: str, line, rows) -> None:
        try:
            tokens = self.picture(text)
            said, rows.value = self.line(tokens, text), tokens.html()
        except Exception as problem:  # of the function given: the field stays usable
            said, rows.value = f"{type(problem).__name__}: {problem}", ""
        line.value = spoken(said)

    def _ipython_display_(self) -> None:
        """Show the field, and the rows of the first text as an output of its own: they stay without widgets."""
        from IPython.display import display

        from tinytorch.viz.loss_curve import in_a_notebook

        if in_a_notebook():
            display(self.controls())
        display(self.picture())

    def __repr__(self) -> str:
        return repr(self.picture())


def shortened(text: str) -> str:
    """Cut a text after LONGEST_TEXT bytes, between characters."""
    return text.encode(errors="ignore")[:LONGEST_TEXT].decode(errors="ignore")
