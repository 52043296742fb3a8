"""When each operation of a run worked, and for how long: a row for each operation, a bar for each call.

>>> Timeline([("matmul", "forward", 0.0, 0.002), ("gelu", "forward", 0.002, 0.001)])       # starts, and seconds

In a notebook a slider walks through the calls (arrow keys move it), and a line says which one it is and what it took.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tinytorch.viz.picture import COLORS, Picture, as_numbers, new_figure
from tinytorch.viz.shown import show_with_controls, spoken, with_words

MOST_ROWS = 10  # operations with a row of their own; what takes least shares the last one
MOST_SPANS = 2000  # bars of one picture: more lie over each other
# Phases differ in color, height and place within the row: the way forwards above, the way back below. (Hatching would
# do as well, but makes a picture twice as large as one move of a slider may send.)
LOOKS = {
    "forward": {"color": COLORS[0], "height": 0.36},
    "backward": {"color": COLORS[1], "height": 0.36},
    "update": {"color": COLORS[2], "height": 0.72},
    "between": {"color": "#b5b5b5", "height": 0.3},
}
SHIFTS = {"forward": -0.2, "backward": 0.2}  # upwards is negative


@dataclass(frozen=True)
class _Bar:
    operation: str
    phase: str
    start: float
    seconds: float


class Timeline:
    """Bars over time.

    Args:
        spans: (operation, phase, start, seconds) each; phase is "forward", "backward", "update" (an optimizer's step)
            or "between" (no operation at work).
    """

    def __init__(self, spans: Sequence[tuple], title: str = "") -> None:
        self.bars = [_bar(span) for span in spans]
        if not 0 < len(self.bars) <= MOST_SPANS:
            raise ValueError(f"a timeline has 1 to {MOST_SPANS} spans, got {len(self.bars)}: run one step only")
        self.title, self.seconds = title, max(bar.start + bar.seconds for bar in self.bars)
        self.calls = [bar for bar in self.bars if bar.phase != "between"]
        self.rows = _rows(self.bars)

    def line(self, number: int) -> str:
        """Say which call a number is, when it began and what it took."""
        if not self.calls:
            return "no operation was called"
        bar = self.calls[number]
        share = bar.seconds / self.seconds if self.seconds else 0.0
        return (
            f"call {number + 1} of {len(self.calls)}: {bar.operation}, {bar.phase}, starts at {in_words(bar.start)}, "
            f"takes {in_words(bar.seconds)}, {share:.1%} of {in_words(self.seconds)}"
        )

    def picture(self, number: int | None = None) -> Picture:
        """Draw all bars, with a mark at one call."""
        figure, axes = new_figure(width=7.0, height=1.2 + 0.28 * len(self.rows))
        ax, unit, factor = axes[0, 0], *_unit(self.seconds)
        places = {operation: place for place, (_, operations) in enumerate(self.rows) for operation in operations}
        for phase, look in LOOKS.items():
            bars = [bar for bar in self.bars if bar.phase == phase]
            if bars:
                ax.barh(
                    [places[bar.operation] + SHIFTS.get(phase, 0.0) for bar in bars],
                    [factor * bar.seconds for bar in bars],
                    left=[factor * bar.start for bar in bars],
                    label=phase,
                    linewidth=0,
                    antialiased=False,
                    **look,
                )
        if number is not None and self.calls:
            self._mark(ax, self.calls[number], places, factor)
        ax.set_yticks(range(len(self.rows)), [name for name, _ in self.rows])
        ax.set(xlabel=unit, ylim=(len(self.rows) - 0.4, -0.6), xlim=(0, factor * self.seconds or 1), title=self.title)
        ax.grid(False, axis="y")
        figure.legend(loc="outside lower center", ncols=len(LOOKS), frameon=False)
        said = self.line(number) if number is not None else f"{len(self.calls)} calls; most time: {self.rows[0][0]}"
        return Picture(figure, f"{self.title or 'timeline'}: {said}")

    def _mark(self, ax, bar: _Bar, places: dict[str, int], factor: float) -> None:
        middle, look = factor * (bar.start + bar.seconds / 2), LOOKS[bar.phase]
        top = places[bar.operation] + SHIFTS.get(bar.phase, 0.0) - look["height"] / 2
        ax.axvline(middle, color="black", linewidth=1, linestyle=":")
        ax.plot([middle], [top - 0.12], marker="v", color="black", markersize=7, clip_on=False)

    def controls(self, show: Callable[[Picture], None]):
        """Make a slider over the calls that lets `show` draw, and a line that says which call it is."""
        import ipywidgets

        slider = ipywidgets.IntSlider(
            max=max(len(self.calls) - 1, 0), description="call", layout={"width": "70%"}, readout=False
        )
        return with_words(slider, lambda place: show(self.picture(place)), lambda place: spoken(self.line(place)))

    def _ipython_display_(self) -> None:
        show_with_controls(self)

    def __repr__(self) -> str:
        return f"<Timeline: {len(self.calls)} calls in {in_words(self.seconds)}>"


def _bar(span) -> _Bar:
    operation, phase, start, seconds = span
    if phase not in LOOKS:
        raise ValueError(f"a span's phase must be one of {', '.join(LOOKS)}; got {phase!r}")
    start, seconds = (float(as_numbers("start and seconds of a span", value)) for value in (start, seconds))
    if not (0 <= start < float("inf") and 0 <= seconds < float("inf")):
        raise ValueError(f"a span of {operation} starts at {start} s and takes {seconds} s: both must be 0 or more")
    return _Bar(str(operation), phase, start, seconds)


def _rows(bars: list[_Bar]) -> list[tuple[str, tuple[str, ...]]]:
    """Give each row its label and operations: the longest on top, the time between operations below."""
    total: dict[str, float] = {}
    for bar in bars:
        total[bar.operation] = total.get(bar.operation, 0.0) + bar.seconds
    whole = sum(total.values()) or 1.0
    idle = [(f"between {total.pop('between') / whole:.0%}", ("between",))] if "between" in total else []
    order = sorted(total, key=lambda name: -total[name])
    alone = order if len(order) <= MOST_ROWS else order[: MOST_ROWS - 1]
    rows = [(f"{name} {total[name] / whole:.0%}", (name,)) for name in alone]
    rest = tuple(order[len(alone) :])
    if rest:
        rows.append((f"{len(rest)} others {sum(total[name] for name in rest) / whole:.0%}", rest))
    return rows + idle


def _unit(seconds: float) -> tuple[str, float]:
    return ("ms", 1e3) if seconds >= 1e-3 else ("µs", 1e6)


def in_words(seconds: float) -> str:
    """Write a short time with its unit."""
    unit, factor = ("s", 1.0) if seconds >= 1 else _unit(seconds)
    return f"{factor * seconds:.3g} {unit}"
