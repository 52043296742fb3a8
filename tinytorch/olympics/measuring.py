"""Measure an entry: what it costs and how often it's right, or why it is refused.

Made for a worker: bytes and arrays in, plain numbers out; no file, no network, no clock. Before a net is built its
shapes are followed on paper, so that too much work is refused before it is done.
"""

import math
from collections.abc import Mapping
from importlib import import_module

import numpy as np

from tinytorch.olympics.archive import Refused, digest, read_archive
from tinytorch.olympics.rules import read_rules

MOST_FAULTS = 5  # that are reported


def measure_entry(content: bytes, images: np.ndarray, labels: np.ndarray, rules: Mapping | None = None) -> dict:
    """Return {"accepted": True, "measures": {...}, "digest": ...}, or {"accepted": False, "why": ...}.

    Args:
        content: the file as it was handed in.
        images: (n, 8, 8) numbers from 0 to 1; labels: (n,) integers.
        rules: as read_rules gives them (the default).
    """
    limits = (read_rules() if rules is None else rules)["entries"]
    try:
        architecture, arrays = read_archive(content, limits)
        layers = _checked(architecture, arrays, limits)
        measures = _measured(layers, arrays, len(content), images, labels)
    except Refused as refused:
        return {"accepted": False, "why": str(refused)}
    return {"accepted": True, "measures": measures, "digest": digest(architecture, arrays)}


def _checked(architecture: str, arrays: dict[str, np.ndarray], limits: Mapping) -> list:
    """Return the layers of an entry whose text, arrays and cost are within the rules."""
    core = import_module("tinytorch.core.olympics")
    try:
        layers = core.parse_architecture(architecture)
        if len(layers) > limits["most_layers"]:
            raise Refused(f"the net has {len(layers)} layers; at most {limits['most_layers']} are allowed")
        costs = core.costs_on_paper(layers)
    except ValueError as error:
        raise Refused(str(error)) from None
    if max(math.prod(cost.shape) for cost in costs) > limits["most_activations"]:
        raise Refused(f"a layer outputs more than {limits['most_activations']:,} numbers for an image")
    work = sum(cost.multiplications for cost in costs)
    if work > limits["most_multiplications"]:
        raise Refused(
            f"an image takes {work:,} multiplications; at most {limits['most_multiplications']:,} are allowed"
        )
    faults = core.validate_entry(core.wanted_arrays(layers, arrays), arrays)
    if faults:
        told = ", ".join(f"{name}: {fault}" for name, fault in sorted(faults.items())[:MOST_FAULTS])
        raise Refused(f"{len(faults)} arrays are not what the architecture asks for ({told})")
    return layers


def _measured(layers: list, arrays: dict, stored_bytes: int, images: np.ndarray, labels: np.ndarray) -> dict:
    """Build the net and measure it."""
    core = import_module("tinytorch.core.olympics")
    with np.errstate(all="ignore"):  # such numbers lead to a refusal, not to a warning
        try:
            return core.measures_of(core.build(layers, arrays), stored_bytes, images, labels)
        except FloatingPointError as error:
            raise Refused(str(error)) from None
