"""The Olympics, as data: which module they are, and the events of their rules, read without loading any framework."""

import functools
from typing import Any

from .load import installed_core

MODULE = "olympics"


@functools.cache
def events() -> dict[str, dict[str, Any]]:
    """Return the events by name, as tinytorch/olympics/rules.yaml has them."""
    from tito.strict_yaml import load_strictly  # needs YAML, which whoever asks for the name alone need not load

    rules = installed_core().parent / MODULE / "rules.yaml"
    return load_strictly(rules.read_text(encoding="utf-8"))["events"]
