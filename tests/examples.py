"""How many examples hypothesis draws: few where somebody waits for `make check`, the full number on CI.

A test that needs another number than the profile's says its full number: `@settings(max_examples=examples(500))`.
"""

import os

from hypothesis import HealthCheck, settings

FEW = 15
FULL = 100  # hypothesis's own default


def examples(full: int) -> int:
    """Return the number of examples for a test that has `full` of them on CI."""
    return full if on_ci() else min(full, FEW)


def on_ci() -> bool:
    return os.environ.get("CI") == "true"


def use_profile() -> None:
    """Load the profile of this run. No limits of time: a crowded machine is no fault of the code.

    On CI these add to hypothesis's own settings for it: the same examples each time, none that a commit did not change.
    """
    patient = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("fast", max_examples=FEW, **patient)
    settings.register_profile("full", max_examples=FULL, **patient)
    settings.load_profile("full" if on_ci() else "fast")
