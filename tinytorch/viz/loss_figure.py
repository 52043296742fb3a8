"""Draw a LossHistory as a matplotlib figure: what is kept in the notebook, the grading pages and files."""

import numpy as np

from tinytorch.viz.loss_history import LossHistory, averaged, thinned
from tinytorch.viz.picture import COLORS, DASHES, Picture, new_figure

MOST_DRAWN = 2000  # points of a line: a print is finer than a screen


def loss_picture(history: LossHistory, title: str, log_scale: bool = False) -> Picture:
    """Draw train and validation loss over steps, and the learning rate below if it was recorded."""
    rate_steps, rates = history.series("learning_rate")
    rows = 2 if len(rates) else 1
    figure, axes = new_figure(
        rows, 1, width=7.0, height=3.4 + 1.1 * (rows - 1), sharex=True, height_ratios=[3, 1][:rows]
    )
    for name, color, dashes in zip(("train", "validation"), COLORS, DASHES, strict=False):
        _line(axes[0, 0], *history.series(name), name, {"color": color, "ls": dashes})
    axes[0, 0].set(title=title + _warning(history), ylabel="loss")
    if log_scale:
        axes[0, 0].set_yscale("log")
    if axes[0, 0].get_legend_handles_labels()[0]:
        axes[0, 0].legend()
    if rows == 2:
        axes[1, 0].plot(*thinned(rate_steps, rates, MOST_DRAWN), color=COLORS[2], lw=1.5)
        axes[1, 0].set(ylabel="learning rate")
        axes[1, 0].ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    axes[-1, 0].set(xlabel="step")
    return Picture(figure, f"{title}: {_summary(history)}")


def _line(ax, steps: np.ndarray, values: np.ndarray, name: str, look: dict) -> None:
    trend = averaged(steps, values)
    drawn = thinned(steps, values, MOST_DRAWN)
    if not len(drawn[0]):
        return
    noisy = len(trend[0]) < len(drawn[0])
    if noisy:
        ax.plot(*drawn, color=look["color"], lw=0.8, alpha=0.35)
    ax.plot(*(trend if noisy else drawn), lw=2, label=name, **look)


def _warning(history: LossHistory) -> str:
    broken = history.first_not_finite()
    return f"\n{broken[0]} is not finite from step {broken[1]:.6g} on" if broken else ""


def _summary(history: LossHistory) -> str:
    known = {name: history.last(name) for name in ("train", "validation")}
    ends = [f"{name} {line[1]:.4g} at step {line[0]:.6g}" for name, line in known.items() if line]
    return ", ".join(ends) or "nothing recorded yet"
