"""How many examples hypothesis draws: few for `make check`, where somebody is waiting, and the full number on CI.

A test that needs a different number states its full number: `@settings(max_examples=examples(500))`.
"""

import os

from hypothesis import HealthCheck, settings

FEW = 15
FULL = 100  # hypothesis's own default


def examples(full: int) -> int:
    """Return how many examples to draw in this run, for a test that draws `full` of them on CI."""
    return full if on_ci() else min(full, FEW)


def on_ci() -> bool:
    return os.environ.get("CI") == "true"


def use_profile() -> None:
    """Load the profile of this run. It sets no time limits: a busy machine is no fault of the code.

    On CI this extends hypothesis's own CI settings: the examples are the same in each run unless the code changes.
    """
    patient = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("fast", max_examples=FEW, **patient)
    settings.register_profile("full", max_examples=FULL, **patient)
    settings.load_profile("full" if on_ci() else "fast")
