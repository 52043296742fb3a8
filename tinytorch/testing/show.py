"""Say a value in few words, for the table that a student reads."""

import numpy as np

LONGEST = 240  # characters; a longer value is cut in the middle so that both ends stay visible


def shorten(text: str, longest: int = LONGEST) -> str:
    """Cut the middle out of `text` if it is longer than `longest` characters."""
    if len(text) <= longest:
        return text
    half = (longest - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"


def show(value: object) -> str:
    """Describe a plain value: arrays with shape and dtype, other values as Python writes them."""
    if isinstance(value, np.ndarray):
        return _show_array(value)
    if isinstance(value, np.generic):
        return shorten(f"{value.item()!r} ({value.dtype})")
    if isinstance(value, dict):
        return shorten("{" + ", ".join(f"{show(k)}: {show(v)}" for k, v in list(value.items())[:20]) + "}")
    if isinstance(value, list | tuple):
        inner = ", ".join(show(item) for item in value[:50])
        return shorten(f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})")
    if is_plain(value):
        return shorten(repr(value))
    return f"an object of class {type_name(value)}"


def _show_array(array: np.ndarray) -> str:
    text = np.array2string(np.asarray(array), precision=6, threshold=24, edgeitems=3, separator=", ")
    body = shorten(" ".join(text.split()))
    return f"{body}  shape {array.shape}, {array.dtype}"


def type_name(value: object) -> str:
    """Name the class of `value`; a handle to another process knows the name of the class over there."""
    remote_name = getattr(type(value), "class_name_there", None)
    return remote_name(value) if remote_name else type(value).__name__


def is_plain(value: object) -> bool:
    """Tell whether `value` is made of numbers, text, arrays and containers of these alone."""
    if isinstance(value, np.ndarray):
        return value.dtype != object
    if isinstance(value, list | tuple | set | frozenset):
        return all(is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(is_plain(key) and is_plain(item) for key, item in value.items())
    return value is None or isinstance(
        value, bool | int | float | complex | str | bytes | slice | range | np.generic | np.dtype
    )
