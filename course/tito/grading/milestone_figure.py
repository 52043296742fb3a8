"""Draw the figure that a milestone's run described: numbers and words of a student's process, bounded by the judge."""

import io
from typing import Any

DPI = 110
MARKS = 60  # a line with at most so many points shows each


def png(told: dict[str, Any]) -> bytes:
    """Return the figure as PNG, empty if there is nothing to draw."""
    if not told.get("lines"):
        return b""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.4), layout="constrained")
    axes = figure.subplots()
    draw = {"lines": _lines, "bars": _bars, "points": _points}[told["kind"]]
    draw(axes, told)
    axes.set(title=_plain(told["title"]), xlabel=_plain(told["xlabel"]), ylabel=_plain(told["ylabel"]))
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
    return file.getvalue()


def _lines(axes, told: dict[str, Any]) -> None:
    for name, row in told["lines"].items():
        x = told["x"] if len(told["x"]) == len(row) else range(len(row))
        axes.plot(x, row, marker="o" if len(row) <= MARKS else None, label=_plain(name))
    axes.legend()


def _bars(axes, told: dict[str, Any]) -> None:
    names = list(told["lines"])
    axes.bar(range(len(names)), [row[0] if row else 0.0 for row in told["lines"].values()])
    axes.set_xticks(range(len(names)), [_plain(name) for name in names])


def _points(axes, told: dict[str, Any]) -> None:
    for name, row in told["lines"].items():
        if len(row) == 2:
            axes.plot(*row, "o")
            axes.annotate(_plain(name), row)


def _plain(words: str) -> str:
    """Let no part of a text be read as a formula."""
    return words.replace("$", r"\$")
