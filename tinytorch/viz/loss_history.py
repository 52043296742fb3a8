"""The numbers of a training run: recorded cheaply, thinned for drawing, written as CSV. No drawing here."""

import csv
import math
from array import array
from pathlib import Path

import numpy as np

SERIES = ("train", "validation", "learning_rate")
MOST_POINTS = 240  # of one drawn line: about one for two pixels, so nothing visible is lost
STRETCHES = 40  # of a noisy line whose means are drawn as its trend


class LossHistory:
    """Steps and values of up to three series: train, validation, learning_rate."""

    def __init__(self) -> None:
        self._steps = {name: array("d") for name in SERIES}
        self._values = {name: array("d") for name in SERIES}

    def add(self, step: float, *, train=None, validation=None, learning_rate=None) -> None:
        """Record what is given for this step. Costs about a microsecond.

        Raises:
            TypeError: a value is not a plain number.
        """
        if train is not None:
            self._append("train", step, train)
        if validation is not None:
            self._append("validation", step, validation)
        if learning_rate is not None:
            self._append("learning_rate", step, learning_rate)

    def _append(self, name: str, step: float, value: float) -> None:
        try:
            number = float(value)
        except (TypeError, ValueError) as problem:
            raise TypeError(
                f"{name} must be a plain number, got {type(value).__name__}: pass float(loss.data) or loss.item()"
            ) from problem
        self._values[name].append(number)
        self._steps[name].append(step)

    def series(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Give one series whole: steps and values, as arrays of their own."""
        if name not in SERIES:
            raise KeyError(f"no series {name!r}; there are {', '.join(SERIES)}")
        return np.array(self._steps[name]), np.array(self._values[name])

    def last(self, name: str) -> tuple[float, float] | None:
        """Give the latest step and value of one series, if there is one."""
        return (self._steps[name][-1], self._values[name][-1]) if self._steps[name] else None

    def first_not_finite(self) -> tuple[str, float] | None:
        """Name the first loss that was NaN or infinite and its step, if any."""
        for name in ("train", "validation"):
            steps, values = self.series(name)
            broken = ~np.isfinite(values)
            if broken.any():
                return name, float(steps[broken][0])
        return None

    def write_csv(self, path: str | Path) -> Path:
        """Write one row per step: step, train, validation, learning_rate; what was not recorded is empty."""
        rows: dict[float, dict[str, float]] = {}
        for name in SERIES:
            for step, value in zip(self._steps[name], self._values[name], strict=True):
                rows.setdefault(step, {})[name] = value
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["step", *SERIES])
            for step in sorted(rows):
                table.writerow([_plain(step), *(_plain(rows[step].get(name)) for name in SERIES)])
        return Path(path)


def _plain(number: float | None) -> object:
    if number is None:
        return ""
    return int(number) if math.isfinite(number) and number == int(number) else number


def thinned(steps: np.ndarray, values: np.ndarray, most: int = MOST_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Keep at most about `most` points so that the line looks the same: each stretch keeps its extremes.

    Values that are not finite are left out.
    """
    finite = np.isfinite(values)
    steps, values = steps[finite], values[finite]
    if len(values) <= most:
        return steps, values
    starts = _starts(len(values), most // 2)
    keep = {0, len(values) - 1}
    for start, end in zip(starts, [*starts[1:], len(values)], strict=True):
        keep.add(start + int(values[start:end].argmin()))
        keep.add(start + int(values[start:end].argmax()))
    chosen = sorted(keep)
    return steps[chosen], values[chosen]


def averaged(steps: np.ndarray, values: np.ndarray, stretches: int = STRETCHES) -> tuple[np.ndarray, np.ndarray]:
    """Give the mean step and mean value of each of about `stretches` stretches: the trend below batch noise.

    Values that are not finite are left out.
    """
    finite = np.isfinite(values)
    steps, values = steps[finite], values[finite]
    if len(values) <= stretches:
        return steps, values
    starts = _starts(len(values), stretches)
    counts = np.diff([*starts, len(values)])
    return np.add.reduceat(steps, starts) / counts, np.add.reduceat(values, starts) / counts


def _starts(length: int, stretches: int) -> np.ndarray:
    return np.unique(np.linspace(0, length, stretches, endpoint=False).astype(int))
