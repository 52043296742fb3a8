"""The worker's objects, by number; the judge has handles to them.

An object keeps its number as long as the judge keeps its handle, so that `is` means the same on both sides.
"""

from collections import OrderedDict
from typing import Any

import numpy as np

from tito.worker.wire import Ref, Stored, WireError

# Arrays that were sent are kept, so that the judge can ask whether two of them share memory; the oldest are dropped.
KEPT_ARRAYS = 2000
KEPT_BYTES = 2**28


class Objects:
    """Number objects and find them again."""

    def __init__(self) -> None:
        self._by_number: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}  # id(object) -> number; valid because _by_number keeps the object alive
        self._arrays: OrderedDict[int, np.ndarray] = OrderedDict()
        self._array_bytes = 0
        self._remote: dict[int, np.ndarray] = {}
        self._next = 0

    def refer(self, value: Any) -> Ref | Stored:
        """Return the number of `value`, a new one if it has none."""
        number = self._numbers.get(id(value))
        if number is None:
            number = self._new_number()
            self._by_number[number] = value
            self._numbers[id(value)] = number
        return Ref(number, type(value).__name__)

    def store(self, array: np.ndarray) -> int:
        """Keep an array of which a copy is sent, and return its number."""
        number = self._new_number()
        self._arrays[number] = array
        self._array_bytes += array.nbytes
        while len(self._arrays) > KEPT_ARRAYS or (self._array_bytes > KEPT_BYTES and len(self._arrays) > 1):
            self._array_bytes -= self._arrays.popitem(last=False)[1].nbytes
        return number

    def keep_remote(self, array: np.ndarray) -> Stored:
        """Keep one of the judge's arrays for the whole run."""
        number = self._new_number()
        self._remote[number] = array
        return Stored(number)

    def find(self, ref: Ref | Stored) -> Any:
        """Find an object or array by number."""
        if isinstance(ref, Ref) and ref.number in self._by_number:
            return self._by_number[ref.number]
        for kept in (self._remote, self._arrays):
            if ref.number in kept:
                return kept[ref.number]
        raise WireError(f"there is no object {ref.number}, or it was dropped")

    def release(self, numbers: list[int]) -> None:
        """Forget objects that the judge no longer uses."""
        for number in numbers:
            if number in self._by_number:
                del self._numbers[id(self._by_number[number])]
                del self._by_number[number]

    def _new_number(self) -> int:
        self._next += 1
        return self._next
