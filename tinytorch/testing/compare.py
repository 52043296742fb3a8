"""Compare what came back with what was expected, and say in words how they differ.

`same` is exact, `close` allows for rounding; both want plain values and equal shapes. Each comparison leaves what was
called, what came back and what was expected with the running check; a difference raises `Difference`.
"""

import sys
from collections.abc import Callable

import numpy as np

from tinytorch.testing.called import argument_text, call_text, variables
from tinytorch.testing.show import is_plain, show, type_name

NUMBER = bool | int | float | complex | np.generic
MOST_ITEMS = 100_000  # of what is expected, or is compared with something shorter
DEEPEST = 32


class Difference(AssertionError):
    """What came back is not what was expected; carries what the table shows."""

    def __init__(self, why: str, *, kind: str = "wrong value", called: str = "", got: str = "", expected: str = ""):
        super().__init__(why)
        self.why, self.kind, self.called, self.got, self.expected = why, kind, called, got, expected


def same(actual: object, expected: object) -> None:
    """Require exactly the expected plain value: numbers, text, None, arrays, or lists and dicts of these.

    Shapes must match exactly; an array may be expected as nested lists. NaN equals NaN.
    """
    _compare(actual, expected, _exact_difference, sys._getframe(1))


def close(actual: object, expected: object, rtol: float = 1e-5, atol: float = 1e-6) -> None:
    """Require |actual - expected| <= atol + rtol * |expected| in every element, and exactly equal shapes."""
    _compare(actual, expected, lambda a, e: _rounding_difference(a, e, rtol, atol), sys._getframe(1))


def true(condition: object, message: str) -> None:
    """Require a plain True; `message` tells the student what is false if it is not."""
    frame = sys._getframe(1)
    if not isinstance(condition, bool | np.bool_):
        raise Difference(
            f"{message} (True or False was expected, {show(condition)} came back)",
            called=argument_text(frame),
            got=show(condition),
            expected="True or False",
        )
    if not condition:
        called = argument_text(frame)
        where = variables(frame, called)
        raise Difference(message, called=called + (f"   where {where}" if where else ""), got="False", expected="True")


def raises(kind: type[BaseException], function: Callable, *args: object, says: str = "", **options: object) -> str:
    """Require that `function(*args, **options)` raises `kind` with `says` in its message; return the message."""
    frame = sys._getframe(1)
    expected = kind.__name__ + (f" whose message says {says!r}" if says else "")
    try:
        value = function(*args, **options)
    except kind as error:
        if isinstance(error, NotImplementedError) and "is not solved yet" in str(error):
            raise  # an unsolved exercise is no answer, even where any RuntimeError would do
        message = str(error)
        if says.lower() in message.lower():
            return message
        raise Difference(
            f"the message of the {kind.__name__} does not say {says!r}",
            called=call_text(frame),
            got=f"{type(error).__name__}: {message}",
            expected=expected,
        ) from None
    except Exception as error:
        if isinstance(error, Difference | NotImplementedError):
            raise  # a comparison that failed, or an unsolved exercise
        raise Difference(
            f"{type(error).__name__} was raised, {kind.__name__} was expected",
            kind="wrong kind",
            called=call_text(frame),
            got=f"{type(error).__name__}: {error}",
            expected=expected,
        ) from None
    raise Difference(
        f"no {kind.__name__} was raised", called=call_text(frame), got=show(value), expected=expected
    ) from None


def _compare(actual: object, expected: object, differ: Callable, frame) -> None:
    difference = _length_difference(actual, expected) or _structure_difference(actual, expected, differ)
    if difference:
        kind, why = difference
        called = argument_text(frame)
        where = variables(frame, called)
        raise Difference(
            why,
            kind=kind,
            called=called + (f"   where {where}" if where else ""),
            got=show(actual),
            expected=show(expected),
        )


def _length_difference(actual, expected) -> tuple[str, str] | None:
    """Find what has far more items, or is nested far deeper, than anything expected; looking no further than needed."""
    most = MOST_ITEMS + 2 * _items(expected, DEEPEST, 10 * MOST_ITEMS)
    if _items(actual, DEEPEST, most) > most:
        return "wrong length", f"more than {most} items, or lists over {DEEPEST} levels deep, came back"
    return None


def _items(value, depth: int, most: int) -> int:
    """Count the items of nested containers up to `most`; what is nested deeper than `depth` counts as too many."""
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()] if len(value) <= most else range(most + 1)
    if isinstance(value, range):
        return len(value)
    if not isinstance(value, list | tuple | set | frozenset):
        return 1
    count = len(value)
    if depth == 0 or count > most:
        return most + 1
    for item in value:
        if isinstance(item, list | tuple | set | frozenset | dict | range):
            count += _items(item, depth - 1, most - count) if count <= most else 0
    return count


def _structure_difference(actual, expected, differ) -> tuple[str, str] | None:
    """Walk containers that are not arrays; return (kind of fault, why) of the first difference, or None."""
    if not is_plain(expected):
        raise TypeError(f"compare plain values: the expected value is {show(expected)}; use its .data")
    if not is_plain(actual):
        return "not a plain value", _why_not_plain(actual)
    if isinstance(expected, dict):
        return _dict_difference(actual, expected, differ)
    if isinstance(expected, set | frozenset):
        equal = isinstance(actual, set | frozenset) and actual == expected
        return None if equal else ("wrong value", "the sets differ")
    if _is_numeric(expected):
        return _array_difference(actual, expected, differ)
    if isinstance(expected, list | tuple):
        return _list_difference(actual, expected, differ)
    if isinstance(actual, np.ndarray):
        return "wrong kind", f"an array came back, {show(expected)} was expected"
    equal = type(actual) is type(expected) and actual == expected
    return None if equal else ("wrong value", "the values differ")


def _why_not_plain(actual) -> str:
    if isinstance(actual, np.ndarray):
        return "an array of Python objects (dtype object) came back, an array of numbers was expected"
    if isinstance(actual, list | tuple):
        return "the list holds objects that are not plain numbers, text or arrays"
    if type_name(actual) == "memoryview":
        return "raw memory came back, as .data of an array is: was a Tensor expected, and an array returned?"
    return f"an object of class {type_name(actual)} came back where a plain number, text or array was expected"


def _dict_difference(actual, expected, differ):
    if not isinstance(actual, dict):
        return "wrong kind", f"{show(actual)} came back, a dict was expected{_hint(actual)}"
    missing = [k for k in expected if k not in actual]
    extra = [k for k in actual if k not in expected]
    if missing or extra:
        parts = [f"missing keys: {missing[:8]}"] * bool(missing) + [f"unexpected keys: {extra[:8]}"] * bool(extra)
        return "wrong value", "; ".join(parts)
    for key, value in expected.items():
        if inner := _structure_difference(actual[key], value, differ):
            return inner[0], f"at key {key!r}: {inner[1]}"
    return None


def _list_difference(actual, expected, differ):
    if not isinstance(actual, list | tuple) and not (isinstance(actual, np.ndarray) and actual.ndim):
        return "wrong kind", f"{show(actual)} came back, a list was expected{_hint(actual)}"
    if len(actual) != len(expected):  # before a list is made of an array
        return "wrong length", _counts("item", len(actual), len(expected))
    for index, (a, e) in enumerate(zip(actual, expected, strict=True)):
        if inner := _structure_difference(a, e, differ):
            return inner[0], f"at index {index}: {inner[1]}"
    return None


def _is_numeric(value) -> bool:
    """Tell whether `value` is a number, an array of numbers, or rectangular nested lists of numbers."""
    if isinstance(value, NUMBER):
        return not isinstance(value, np.generic) or value.dtype.kind in "biufc"
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biufc"
    if isinstance(value, list | tuple):
        return all(_is_numeric(item) for item in value) and _is_rectangular(value)
    return False


def _is_rectangular(value) -> bool:
    return len({np.shape(item) if _rect_safe(item) else object() for item in value}) <= 1


def _rect_safe(item) -> bool:
    return not isinstance(item, list | tuple) or _is_rectangular(item)


def _array_difference(actual, expected, differ):
    if not _is_numeric(actual):
        words = _list_in_words(expected) if isinstance(actual, list | tuple | dict | set) else _in_words(expected)
        return "wrong kind", f"{show(actual)} came back, {words} was expected{_hint(actual)}"
    a, e = np.asarray(actual), np.asarray(expected)
    if a.ndim == e.ndim == 1 and len(a) != len(e) and not isinstance(actual, np.ndarray):
        return "wrong length", _counts("number", len(a), len(e))
    if a.shape != e.shape:
        return "wrong shape", f"the shapes differ: {_shape(a)} came back, {_shape(e)} was expected"
    if (a.dtype == bool) != (e.dtype == bool) and a.size:
        return "wrong kind", f"{_in_words(a)} came back, {_in_words(e)} was expected"
    return differ(a, e)


def _counts(thing: str, came: int, wanted: int) -> str:
    plural, were = "" if came == 1 else "s", "was" if wanted == 1 else "were"
    return f"{came} {thing}{plural} came back, {wanted} {were} expected"


def _hint(actual) -> str:
    return ": is a `return` missing?" if actual is None else ""


def _shape(array: np.ndarray) -> str:
    return f"shape {array.shape}" if array.ndim else "a single number (shape ())"


KINDS = {
    "b": ("True or False", "True or False"),
    "i": ("an integer", "integers"),
    "u": ("an integer", "integers"),
    "f": ("a number", "numbers"),
    "c": ("a complex number", "complex numbers"),
}


def _in_words(value) -> str:
    array = np.asarray(value)
    one, many = KINDS[array.dtype.kind]
    return f"an array of {many}" if array.ndim else one


def _list_in_words(expected) -> str:
    """Name what a list or tuple was expected to be; arrays, too, are expected as lists, pairs are tuples."""
    if not isinstance(expected, list | tuple):
        return _in_words(expected)
    if expected and all(isinstance(item, tuple) and len(item) == 2 for item in expected):
        return f"a {type(expected).__name__} of pairs"
    return f"a list of {KINDS[np.asarray(expected).dtype.kind][1]}" if np.ndim(expected) == 1 else _in_words(expected)


def _exact_difference(a: np.ndarray, e: np.ndarray):
    equal = (a == e) | ((a != a) & (e != e))  # NaN is the only value that differs from itself
    return _first_difference(a, e, ~equal, "values differ") if not np.all(equal) else None


def _rounding_difference(a: np.ndarray, e: np.ndarray, rtol: float, atol: float):
    if a.dtype == bool:
        return _exact_difference(a, e)
    near = np.isclose(_wide(a), _wide(e), rtol=rtol, atol=atol, equal_nan=True)
    return _first_difference(a, e, ~near, "values differ by more than rounding") if not np.all(near) else None


def _wide(array: np.ndarray) -> np.ndarray:
    return array if array.dtype.kind == "c" else array.astype(np.float64)


def _first_difference(a: np.ndarray, e: np.ndarray, wrong: np.ndarray, what: str) -> tuple[str, str]:
    if not a.ndim:
        return "wrong value", f"{a.item()!r} came back, {e.item()!r} was expected"
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    where = index[0] if len(index) == 1 else index
    count = int(wrong.sum())
    first = f"the first at index {where}: {a[index].item()!r} came back, {e[index].item()!r} was expected"
    return "wrong value", f"{count} of {a.size} {what}, {first}"
