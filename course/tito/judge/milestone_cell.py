"""The cell that a worker runs before a milestone's script: pictures as plain data, and counters. Sent as text only.

A worker has no matplotlib. A script's drawings are kept as their name and the first numbers and words that they were
given; whoever reads the answer draws them. The student's own process reports the counts, so a count is a budget for
honest code; the limit that nobody can get around is the time, which the judge measures.
"""

import importlib
import sys
import types

import numpy as np

MOST_POINTS = 500  # in one line of a figure


class BudgetSpent(BaseException):
    """The run used more than its budget; no `except` in a script may catch this."""


class Figure:
    """Accepts everything that a figure accepts, and draws nothing."""

    def __getattr__(self, name):
        return self

    def __getitem__(self, key):
        return self

    def __call__(self, *words, **options):
        return self


class Picture:
    """A script's drawing: its kind, title, labels and lines."""

    def __init__(self, kind, title="", x=None, lines=None, **options):
        self.figure = Figure()
        self.told = {"kind": kind, "title": str(title), "xlabel": str(options.get("xlabel", "")),
                     "ylabel": str(options.get("ylabel", "")), "x": _numbers(x), "lines": lines or {}}  # fmt: skip


class ConfusionMatrix:
    """The share that is right, in all and for each class."""

    def __init__(self, targets, predictions, classes=None):
        targets, predictions = np.asarray(targets, dtype=int), np.asarray(predictions, dtype=int)
        self.accuracy = float(np.mean(targets == predictions)) if len(targets) else 0.0
        self.classes = [str(name) for name in (classes if classes is not None else range(10))]
        shares = [float(np.mean(predictions[targets == k] == k)) if (targets == k).any() else 0.0
                  for k in range(len(self.classes))]  # fmt: skip
        self._right = dict(zip(self.classes, shares, strict=True))

    def picture(self, title="", **options):
        return Picture("bars", title, None, {name: [share] for name, share in self._right.items()},
                       ylabel="share of each class that is right")  # fmt: skip


def _numbers(values):
    """Return up to MOST_POINTS numbers, evenly chosen; [] for anything but a row of numbers."""
    try:
        row = np.asarray(values, dtype=float).reshape(-1)
    except (TypeError, ValueError):
        return []
    step = max(1, -(-len(row) // MOST_POINTS))
    return [float(value) for value in row[::step]]


def lines(x, lines, title="", **options):
    first = max((len(values) for values in lines.values()), default=0)
    places = range(first) if x is None else x
    return Picture("lines", title, places, {str(k): _numbers(v) for k, v in lines.items()}, **options)


def bars(names, values, title="", **options):
    rows = [_numbers(row) for row in values.values()]
    each = {str(name): [row[i] for row in rows if i < len(row)] for i, name in enumerate(names)}
    return Picture("bars", title, None, each, **options)


def trade_off(costs, front, title="", **options):
    return Picture("points", title, None, {str(name): _numbers(cost) for name, cost in costs.items()}, **options)


def _stand_in():
    """Replace tinytorch.viz with these."""
    room = types.ModuleType("tinytorch.viz")
    for each in (Picture, ConfusionMatrix, lines, bars, trade_off):
        setattr(room, each.__name__, each)
    sys.modules["tinytorch.viz"] = room
    importlib.import_module("tinytorch").viz = room  # type: ignore[attr-defined]


class Counted:
    """Counts the framework's operations and steps (calls of backward), and stops beyond the given budget."""

    def __init__(self, given):
        self.given, self.counts = given, {"operations": 0, "steps": 0}

    def add(self, what):
        self.counts[what] += 1
        most = self.given.get(what)
        if most is not None and self.counts[what] > most:
            raise BudgetSpent(f"it took more than {most:,} {what}, its budget")

    def listen(self):
        recorder = getattr(importlib.import_module("tinytorch.core.tensor"), "RECORDER", None)
        if recorder is None:
            return
        record, backward = recorder.record, recorder.backward

        def recorded(call, out):
            self.add("operations")
            if record is not None:
                record(call, out)

        def went_back(*words, **options):
            self.add("steps")
            return backward(*words, **options)

        recorder.record = recorded
        if backward is not None:
            recorder.backward = went_back


def measured(run, modules, seed, given):
    """Run a milestone; return its value, its counts and its drawing, as plain data."""
    counted = Counted(given)
    for name in modules:
        importlib.import_module(f"tinytorch.core.{name}")
    counted.listen()
    gave = run(seed=seed)
    drawn = getattr(gave.get("picture"), "told", {})
    return {"value": float(gave["value"]), "picture": drawn, **counted.counts}


_stand_in()
