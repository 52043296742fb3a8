"""Count changes in place, so that a backward pass never reads numbers that changed after they were used.

A version belongs to memory, not to a tensor: views share that of their base. Memory that was never changed costs
nothing. Promises: `check_versions` raises where PyTorch raises, before a gradient is computed from changed numbers.
"""

import weakref
from collections.abc import Iterator

import numpy as np

VERSIONS: dict[int, int] = {}  # id of the array that owns the memory -> how often it was changed in place


def owner(array: np.ndarray) -> np.ndarray:
    """Return the array whose memory this one shows."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def count_change(array: np.ndarray) -> None:
    """Note that the memory of an array was changed in place."""
    base = owner(array)
    if id(base) not in VERSIONS:
        weakref.finalize(base, VERSIONS.pop, id(base), None)  # the next array may get the same id
    VERSIONS[id(base)] = VERSIONS.get(id(base), 0) + 1


def arrays_in(values: object) -> Iterator[np.ndarray]:
    """Yield each array among the values, those in lists and tuples too."""
    if isinstance(values, np.ndarray):
        yield values
    elif isinstance(values, (list, tuple)):
        for value in values:
            yield from arrays_in(value)


def versions_of(call) -> dict[int, int]:
    """Give the versions of all arrays of a call that were ever changed."""
    if not VERSIONS:
        return {}
    found = [id(owner(array)) for array in arrays_in([call.arrays, call.result])]
    return {base: VERSIONS[base] for base in found if base in VERSIONS}


def read_by_rule(call, reads: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield what a rule reads, each array with its name in errors; "indices" are the inputs that are no floats."""
    for array in arrays_in(call.arrays):
        if "inputs" in reads or ("indices" in reads and array.dtype.kind != "f"):
            yield "an input", array
    if "out" in reads:
        yield from (("the result", array) for array in arrays_in(call.result))


def check_versions(call, reads: str) -> None:
    """Raise if what the rule of a call reads ("inputs", "indices", "out", "") was changed since it was recorded."""
    if not VERSIONS:
        return
    noted = call.versions or {}
    for side, array in read_by_rule(call, reads):
        base = id(owner(array))
        if VERSIONS.get(base, 0) != noted.get(base, 0):
            raise RuntimeError(
                f"backward() needs {side} of '{call.operation}', shape {array.shape}, as it was, and it was "
                "changed in place: write x = x + ... instead of x += ..., or change a clone()"
            )
