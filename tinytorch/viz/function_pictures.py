"""Functions of one number: their values next to their slopes."""

from collections.abc import Mapping

from tinytorch.viz.picture import COLORS, DASHES, Picture, as_numbers, new_figure


def slopes(x, functions: Mapping[str, tuple[object, object]], title: str = "") -> Picture:
    """Draw functions over x: their values on the left, their slopes on the right, the same look for both.

    Args:
        functions: name -> (values, slopes), each as long as x.
    """
    x = as_numbers("x", x)
    if not functions:
        raise ValueError("slopes needs at least one function, got none")
    figure, axes = new_figure(1, 2, width=9.0, height=3.2)
    for i, (name, pair) in enumerate(functions.items()):
        for ax, what, values in zip(axes[0], ("value", "slope"), pair, strict=True):
            y = as_numbers(f"the {what}s of {name!r}", values)
            if y.shape != x.shape:
                raise ValueError(f"{what}s of {name!r}: one for each x is needed, got {y.shape} for {x.shape}")
            ax.plot(x, y, color=COLORS[i % len(COLORS)], ls=DASHES[i % len(DASHES)], label=name, lw=2)
    for ax, what in zip(axes[0], ("value", "slope"), strict=True):
        ax.axhline(0, color="0.6", lw=0.8)
        ax.axvline(0, color="0.6", lw=0.8)
        ax.set(title=what, xlabel="x")
    axes[0, 0].legend()
    figure.suptitle(title)
    return Picture(figure, f"{title or 'values and slopes'}: {', '.join(functions)}")
