"""Ask a student's function for arrays: a picture has to survive anything that comes back."""

import math
from collections.abc import Callable

import numpy as np

MOST_NUMBERS = 4_000_000  # of one array that is drawn; more would only be thrown away again


def ask(question: Callable, *inputs) -> tuple[object, str]:
    """Call a student's function; give (answer, "") or (None, what went wrong in one line)."""
    try:
        return question(*inputs), ""
    except Exception as problem:  # any error in a student's code is shown next to the picture
        return None, f"{type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else 'no message'}"


def finite_array(value, ndim: int) -> tuple[np.ndarray | None, str]:
    """Give `value` as a float array with `ndim` axes, what is not finite as 0; or (None, why not)."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return None, f"an array of numbers is needed, got {type(value).__name__}: give tensor.data"
    if array.ndim != ndim or not 0 < array.size <= MOST_NUMBERS:
        return None, f"an array with {ndim} axes is needed, got the shape {array.shape}"
    unknown = int(np.count_nonzero(~np.isfinite(array)))
    return np.nan_to_num(array, nan=0, posinf=0, neginf=0), f"{unknown} numbers are not finite" if unknown else ""


def in_short(value: float) -> str:
    """Write a number in few characters, -0 as 0."""
    return f"{value + 0.0:.3g}" if math.isfinite(value) else str(value)
