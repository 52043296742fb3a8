"""Count which class is taken for which, and draw it."""

from collections.abc import Sequence

import numpy as np

from tinytorch.viz.picture import Picture, new_figure

MOST_NUMBERS = 12  # classes up to which each cell's count is written


class ConfusionMatrix:
    """How often each true class was predicted as each class.

    Args:
        targets: true classes, N integers.
        predictions: predicted classes, N integers.
        classes: names, one for each class.

    Attributes:
        counts: int array (classes, classes); row is the true class, column the predicted one.
    """

    def __init__(self, targets, predictions, classes: Sequence[str] | None = None) -> None:
        targets, predictions = _labels("targets", targets), _labels("predictions", predictions)
        if targets.shape != predictions.shape:
            raise ValueError(
                f"each target needs one prediction, got {len(targets)} targets and {len(predictions)} predictions"
            )
        known = max(targets.max(initial=-1), predictions.max(initial=-1)) + 1
        self.classes = [str(c) for c in (classes if classes is not None else range(known))]
        if known > len(self.classes) or min(targets.min(initial=0), predictions.min(initial=0)) < 0:
            raise ValueError(
                f"labels must be in 0..{len(self.classes) - 1}, one for each class; found "
                f"{min(targets.min(), predictions.min())}..{known - 1}"
            )
        n = len(self.classes)
        self.counts = np.bincount(targets * n + predictions, minlength=n * n).reshape(n, n)

    @property
    def accuracy(self) -> float:
        """The share of correct predictions (0 of 0 is 0)."""
        return float(np.trace(self.counts) / max(self.counts.sum(), 1))

    def precision(self) -> np.ndarray:
        """Of those predicted as each class, the share that is of it; NaN if none was predicted."""
        return _share(np.diag(self.counts), self.counts.sum(axis=0))

    def recall(self) -> np.ndarray:
        """Of those truly of each class, the share that was found; NaN if there is none."""
        return _share(np.diag(self.counts), self.counts.sum(axis=1))

    def most_confused(self, count: int = 3) -> list[tuple[str, str, int]]:
        """List the most frequent mistakes: (true class, taken for, how often)."""
        mistakes = self.counts.copy()
        np.fill_diagonal(mistakes, 0)
        order = np.argsort(-mistakes, axis=None, kind="stable")[:count]
        places = [np.unravel_index(i, mistakes.shape) for i in order]
        return [(self.classes[r], self.classes[c], int(mistakes[r, c])) for r, c in places if mistakes[r, c]]

    def picture(self, title: str = "") -> Picture:
        """Draw the counts; colors show the share of each row, so that rare classes are seen too."""
        n = len(self.classes)
        figure, axes = new_figure(width=min(8.0, 2.2 + 0.55 * n), height=min(7.0, 1.4 + 0.5 * n))
        ax = axes[0, 0]
        shares = np.nan_to_num(_share(self.counts, self.counts.sum(axis=1, keepdims=True)))
        image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        if n <= MOST_NUMBERS:
            for (row, column), count in np.ndenumerate(self.counts):
                color = "white" if shares[row, column] > 0.6 else "black" if count else "0.75"
                ax.text(column, row, count, ha="center", va="center", color=color, fontsize=9)
        ax.grid(False)
        ax.set(xlabel="predicted", ylabel="true", title=f"{title}  {self.accuracy:.1%} correct".strip())
        long_names = max((len(name) for name in self.classes), default=0) > 3
        ax.set_xticks(range(n), self.classes, rotation=45 if long_names else 0, ha="right" if long_names else "center")
        ax.set_yticks(range(n), self.classes)
        figure.colorbar(image, ax=ax, label="share of the true class")
        return Picture(figure, f"confusion matrix of {n} classes, {self.accuracy:.1%} correct")

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        return self.picture()._repr_mimebundle_()

    def __repr__(self) -> str:
        return (
            f"<ConfusionMatrix: {len(self.classes)} classes, {self.counts.sum()} images, {self.accuracy:.1%} correct>"
        )


def _labels(what: str, values) -> np.ndarray:
    labels = np.asarray(values)
    if labels.size == 0:
        return labels.reshape(-1).astype(np.int64)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise TypeError(
            f"{what} must be one integer per example, got {labels.dtype} of shape {labels.shape}: "
            "take logits.argmax(axis=1) of an array (tensor.data)"
        )
    return labels.astype(np.int64)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=whole != 0)
