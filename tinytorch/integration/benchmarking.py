"""Measurements of a student's own models, on a clock that counts work."""

import numpy as np

from tinytorch.integration import integration_test


@integration_test("tensor", "layers", "benchmarking")
def more_layers_are_slower_on_a_clock_that_counts_them() -> None:
    """On a clock that counts layers' calls, three layers take three times as long as one; equals can't be told apart"""
    import tinytorch as tt
    from tinytorch import nn
    from tinytorch.profiling import interleave, verdict

    calls = []

    class Counted(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, x):
            calls.append(1)
            return self.layer(x)

    deep, flat, other = (nn.Sequential(*[Counted() for _ in range(n)]) for n in (3, 1, 1))
    x = tt.tensor(np.ones((2, 3), dtype="float32"))
    models = {"deep": deep, "flat": flat, "other": other}
    work = interleave({name: lambda model=model: model(x) for name, model in models.items()}, 3, lambda: len(calls))
    expected = {"deep": [3] * 6, "flat": [1] * 6, "other": [1] * 6}
    assert work == expected, f"the runs took {work} calls, {expected} were made"
    words = verdict(work["deep"], work["flat"]), verdict(work["flat"], work["other"])
    assert words == ("slower", "can't tell"), f"three layers and one, and one and one, are judged {words}"


@integration_test("benchmarking")
def a_steady_drift_is_no_difference() -> None:
    """Two equal functions on a machine that gets slower can't be told apart, whichever comes first"""
    from tinytorch.profiling import interleave, summary, verdict

    now, runs = [0.0], [0]

    def run():
        runs[0] += 1
        now[0] += 1.0 + 0.05 * runs[0]

    for names in (("first", "second"), ("second", "first")):
        times = interleave(dict.fromkeys(names, run), 10, lambda: now[0])
        word = verdict(times["first"], times["second"])
        assert word == "can't tell", f"two equal functions are judged {word!r}"
        medians = [summary(times[name])["median"] for name in names]
        assert abs(medians[0] / medians[1] - 1) < 0.01, f"their medians are {medians}"
