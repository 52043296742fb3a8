"""The functions of `tinytorch.testing` that must ask the worker."""

from typing import Any

import numpy as np

from tinytorch.testing.words import Here
from tito.checks.handles import RemoteArray
from tito.checks.link import Link


class There(Here):
    """Answers these functions by asking the worker."""

    def __init__(self, link: Link):
        self._link = link

    def remote(self, array: np.ndarray) -> RemoteArray:  # type: ignore[override]
        return self._link.request("remote", np.array(array))

    def shares_memory(self, a: Any, b: Any) -> bool:
        return self._link.request("shares_memory", self._living(a), self._living(b)) is True

    def is_contiguous(self, a: Any) -> bool:
        return self._link.request("is_contiguous", self._living(a)) is True

    def clone(self, x: Any) -> Any:
        return self._link.request("clone", x)

    def saved_and_loaded(self, state: Any) -> Any:
        return self._link.request("saved_and_loaded", state)

    def _living(self, x: Any) -> Any:
        """Return the worker's array that a snapshot was taken from; anything else unchanged."""
        return self._link.handles.origin(x) if isinstance(x, np.ndarray) else x
