"""A boundary that moves while a model learns: which answer it gives at each place of a plane, step by step.

>>> boundary = DecisionBoundary([[0, 0], [1, 1]], [0, 1])
>>> boundary.add(0, lambda places: places.sum(axis=1) - 1)      # one score: above 0 is class 1
>>> boundary

In a notebook a slider goes through the steps that were added (arrow keys move it), and a line says how many points lie
on their side; elsewhere, and in a saved notebook, the last step.
"""

from collections.abc import Callable, Sequence

import numpy as np

from tinytorch.viz.picture import COLORS, GREY, Picture, as_numbers, new_figure
from tinytorch.viz.shown import html_table, show_with_controls, spoken, with_words

RESOLUTION = 60  # places along each axis; a model is asked at 3,600 of them
MARGIN = 0.15  # of the points' extent, left free around them
SHAPES = "os^"  # of the points: color is never the only difference
MOST_POINTS = 200  # more points, or more classes, would make one move of the slider larger than 60 kB
MOST_CLASSES = len(SHAPES)


class DecisionBoundary:
    """Answers of a model over a plane, at several steps of its training.

    Args:
        points: (N, 2) places with known classes.
        labels: their classes, N integers from 0.
        title: shown above the drawing.
    """

    def __init__(self, points, labels: Sequence[int], title: str = "") -> None:
        self.points, self.labels, self.title = as_numbers("points", points), np.asarray(labels, dtype=int), title
        if self.points.ndim != 2 or self.points.shape[1] != 2 or len(self.points) != len(self.labels):
            raise ValueError(
                f"points must be (N, 2) with N labels, got {self.points.shape} and {len(self.labels)} labels"
            )
        if not len(self.labels) or not 0 <= self.labels.min() <= self.labels.max() < MOST_CLASSES:
            raise ValueError(
                f"labels must be classes 0 to {MOST_CLASSES - 1}, got {sorted(set(self.labels.tolist()))[:9]}"
            )
        if len(self.labels) > MOST_POINTS:
            raise ValueError(f"at most {MOST_POINTS} points can be told apart, got {len(self.labels)}: take a part")
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        room = MARGIN * np.maximum(high - low, 1e-6)
        self.axes = [np.linspace(a, b, RESOLUTION) for a, b in zip(low - room, high + room, strict=True)]
        self.steps: list[tuple[int, np.ndarray, float]] = []  # step, leads over the plane, share of points right
        self.shown = -1

    def add(self, step: int, scores_of: Callable[[np.ndarray], object]) -> None:
        """Ask a model for its answers: `scores_of` gets float32 places (M, 2), gives scores (M,) or (M, classes)."""
        across, up = np.meshgrid(*self.axes)
        places = np.concatenate([np.stack([across.ravel(), up.ravel()], axis=1), self.points]).astype("float32")
        leads = _leads(as_numbers("the scores", scores_of(places)), len(places))
        share = float(np.mean(leads[:, across.size :].argmax(axis=0) == self.labels))
        self.steps.append((int(step), leads[:, : across.size].reshape(-1, *across.shape), share))

    def text(self, shown: int | None = None) -> str:
        """Say in a line what a step has: shown counts the steps that were added."""
        if not self.steps:
            return "nothing has been added yet: call add(step, scores_of) while the model learns"
        step, _, share = self.steps[self.shown if shown is None else shown]
        right = round(share * len(self.labels))
        return f"step {step}: {right} of {len(self.labels)} points lie on their side ({share:.0%})"

    def picture(self, shown: int | None = None) -> Picture:
        """Draw the answers of a step, the boundary between them, and the points."""
        figure, axes = new_figure(width=4.2, height=3.8)
        ax = axes[0, 0]
        if self.steps:
            for kind, lead in enumerate(self.steps[self.shown if shown is None else shown][1]):
                if lead.max() > 0:
                    ax.contourf(*self.axes, lead, levels=[0, lead.max()], colors=[COLORS[kind]], alpha=0.25)
                if lead.min() < 0 < lead.max():
                    ax.contour(*self.axes, lead, levels=[0], colors=[GREY], linewidths=1.2)
        for kind in range(int(self.labels.max()) + 1):
            x, y = self.points[self.labels == kind].T
            ax.scatter(
                x, y, s=18, marker=SHAPES[kind], color=COLORS[kind], edgecolor="black", lw=0.4, label=f"class {kind}"
            )
        ax.grid(False)
        ax.set(title=self.title)
        ax.set_xlabel(self.text(shown), fontsize="small")
        figure.legend(loc="outside lower center", ncols=MOST_CLASSES, frameon=False)
        return Picture(figure, f"{self.title or 'decision boundary'}. {self.text(shown)}")

    def pictures(self) -> list[Picture]:
        """Draw all steps that were added, in their order: the pictures of a film."""
        return [self.picture(shown) for shown in range(len(self.steps))]

    def controls(self, show: Callable[[Picture], None]):
        """Make a slider for the steps that were added, and the line and table that change with it."""
        import ipywidgets

        last = max(len(self.steps) - 1, 0)
        slider = ipywidgets.IntSlider(value=last, min=0, max=last, description="look", layout={"width": "60%"})

        def move(shown: int) -> None:
            self.shown = shown
            show(self.picture())

        return with_words(slider, move, lambda _: spoken(self.text(), html_table(self._table(), "all steps")))

    def _table(self) -> list[tuple[str, str]]:
        return [("step", "right"), *((str(step), f"{share:.0%}") for step, _, share in self.steps)]

    def _ipython_display_(self) -> None:
        show_with_controls(self)

    def __repr__(self) -> str:
        return f"<DecisionBoundary: {len(self.labels)} points, {len(self.steps)} steps>"


def _leads(scores: np.ndarray, count: int) -> np.ndarray:
    """Say for each class by how much its score leads all others; a single score for a place is that of class 1."""
    if scores.shape[:1] != (count,) or scores.ndim > 2:
        raise ValueError(f"scores_of must give a row for each of {count} places, got {scores.shape}")
    if scores.size == count:
        return np.stack([-scores.reshape(count), scores.reshape(count)])
    others = [np.delete(scores, kind, axis=1).max(axis=1) for kind in range(scores.shape[1])]
    return (scores - np.stack(others, axis=1)).T
