"""The Olympics, as data: their module, and the events in their rules, read without loading any framework."""

import functools
from typing import Any

from .load import installed_core

MODULE = "olympics"


@functools.cache
def events() -> dict[str, dict[str, Any]]:
    """Return the events by name, from tinytorch/olympics/rules.yaml."""
    from tito.strict_yaml import load_strictly  # needs YAML, which callers that only want the name need not load

    rules = installed_core().parent / MODULE / "rules.yaml"
    return load_strictly(rules.read_text(encoding="utf-8"))["events"]
