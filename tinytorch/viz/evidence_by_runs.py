"""What the runs so far show: dots of two candidates, and the interval of their ratio, under a slider.

>>> EvidenceByRuns({"mine": seconds, "theirs": others}, {6: (0.8, 1.3, "can't tell"), 40: (0.9, 0.97, "faster")})

Intervals and words are the student's; nothing is computed here but where dots go. In a notebook a slider (arrow keys
move it) takes more and more pairs, and a line says what they tell; elsewhere, and in a saved notebook, all of them.
"""

from collections.abc import Callable, Mapping

import numpy as np

from tinytorch.viz.benchmark_pictures import MARKERS
from tinytorch.viz.picture import COLORS, GREY, Picture, as_numbers, new_figure
from tinytorch.viz.shown import show_with_controls, spoken, with_words

FRAME = 2.2  # medians: the height of the frame around the runs
MOST_PAIRS = 100  # more dots would make one move of the slider larger than 60 kB


class EvidenceByRuns:
    """How an interval shrinks as pairs of runs come in.

    Args:
        runs: two names -> what their runs took in seconds, in order: the candidate, then its baseline.
        evidence: number of pairs -> (low, high, word): the interval of the ratio after so many pairs, and the verdict.
    """

    def __init__(self, runs: Mapping[str, object], evidence: Mapping[int, tuple], title: str = "") -> None:
        self.title, self.names = title, [str(name) for name in runs]
        self.milliseconds = [1000 * as_numbers(f"runs of {name!r}", values) for name, values in runs.items()]
        shapes = [values.shape for values in self.milliseconds]
        if len(shapes) != 2 or shapes[0] != shapes[1] or len(shapes[0]) != 1 or not 0 < shapes[0][0] <= MOST_PAIRS:
            raise ValueError(f"EvidenceByRuns takes the runs of two, 1 to {MOST_PAIRS} of each, got {shapes}")
        self.counts = sorted(int(count) for count in evidence)
        if not self.counts or not 0 < self.counts[0] <= self.counts[-1] <= shapes[0][0]:
            raise ValueError(f"evidence must be given after 1 to {shapes[0][0]} pairs, got {self.counts}")
        self.intervals = {int(count): _interval(found) for count, found in evidence.items()}

    def line(self, count: int) -> str:
        """Say in one line what so many pairs tell."""
        low, high, word = self.intervals[count]
        mine, other = self.names
        if not np.isfinite([low, high]).all():
            return f"after {count} pairs: the interval is not a pair of finite numbers; {word}"
        return f"after {count} pairs: {mine} takes {low:.3f} to {high:.3f} times as long as {other}: {word}"

    def picture(self, count: int | None = None) -> Picture:
        """Draw the first runs, and the intervals up to so many pairs (default: all)."""
        count = self.counts[-1] if count is None else count
        figure, axes = new_figure(1, 2, width=7.2, height=3.1)
        self._draw_runs(axes[0, 0], count)
        self._draw_intervals(axes[0, 1], count)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
        figure.suptitle(self.title)
        return Picture(figure, f"{self.title or 'evidence by runs'}: {self.line(count)}")

    def _draw_runs(self, ax, count: int) -> None:
        finite = [values[np.isfinite(values)] for values in self.milliseconds]
        top = FRAME * max((float(np.median(values)) for values in finite if len(values)), default=0.0) or 1.0
        for i, (name, values) in enumerate(zip(self.names, self.milliseconds, strict=True)):
            ax.plot(np.arange(1, count + 1), values[:count], MARKERS[i], color=COLORS[i], ms=3.5, mew=1.2,
                    fillstyle="none", label=name)  # fmt: skip
        above = sum(int((values[:count] > top).sum()) for values in self.milliseconds)
        ax.set_title(f"runs ({above} lie above)" if above else "runs", fontsize=10)
        ax.set(xlabel="pair", ylabel="ms", xlim=(0, len(self.milliseconds[0]) + 1), ylim=(0, top))

    def _draw_intervals(self, ax, count: int) -> None:
        shown = {n: self.intervals[n][:2] for n in self.counts if np.isfinite(self.intervals[n][:2]).all()}
        for n, (low, high) in shown.items():
            if n <= count:
                color, width = (COLORS[0], 4) if n == count else (GREY, 2)
                ax.plot([n, n], [low, high], color=color, lw=width, marker="_", ms=8)
        ax.axhline(1.0, color=COLORS[1], ls="--", lw=1.3)
        ax.set_xscale("log")
        ax.set_xticks(self.counts, [str(n) for n in self.counts], fontsize=8, rotation=60)
        ax.minorticks_off()
        ax.set_title(f"{self.names[0]} / {self.names[1]}: {self.intervals[count][2]}", fontsize=10)
        ax.set(xlabel="pairs", ylabel="ratio", xlim=(0.8 * self.counts[0], 1.25 * self.counts[-1]), ylim=_frame(shown))

    def controls(self, show: Callable[[Picture], None]):
        """Make a slider for the number of pairs that lets `show` draw, and a line that says what they tell."""
        import ipywidgets

        slider = ipywidgets.SelectionSlider(
            options=self.counts, value=self.counts[-1], description="pairs", layout={"width": "60%"},
            disabled=len(self.counts) == 1,
        )  # fmt: skip
        return with_words(slider, lambda count: show(self.picture(count)), lambda count: spoken(self.line(count)))

    def _ipython_display_(self) -> None:
        show_with_controls(self)

    def __repr__(self) -> str:
        return "\n".join(self.line(count) for count in self.counts)


def _interval(found) -> tuple[float, float, str]:
    """Take (low, high, word) apart; what is not a number becomes nan, so that a wrong answer still gets its picture."""
    try:
        low, high, word = found
        least, most = float(low), float(high)
        return least, most, str(word)
    except (TypeError, ValueError):
        return float("nan"), float("nan"), f"not (low, high, word), but {found!r}"[:80]


def _frame(intervals: Mapping[int, tuple[float, float]]) -> tuple[float, float]:
    """Choose an axis for intervals: 1 and the last of them, and no more of a huge first one than can be looked at."""
    if not intervals:
        return 0.5, 1.5
    ends = np.array(list(intervals.values()))
    width = float(np.median(ends[:, 1] - ends[:, 0])) or 0.01
    last = intervals[max(intervals)]
    room = 3 * width
    low, high = max(ends.min(), min(1.0, last[0]) - room), min(ends.max(), max(1.0, last[1]) + room)
    return min(low, 1.0) - 0.3 * width, max(high, 1.0) + 0.3 * width
