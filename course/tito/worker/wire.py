"""Plain values on the wire between judge and worker: which values, how they are written, and how much is allowed.

A message is a msgpack structure followed by the bytes of its arrays. Nothing on the wire can run code: no pickle,
no class names that are looked up. Reading enforces `WireLimits` on size, depth and count, and raises `WireError`;
it never hangs, and its work is proportional to the bytes received.
"""

import math
import re
import struct
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np

HEADER = struct.Struct("<II")  # bytes of the structure, number of arrays
LENGTH = struct.Struct("<Q")
PLAIN_KINDS = "biufc"
PLAIN_DTYPE = re.compile(r"[<>=|]?[biufc]\d{1,2}", re.ASCII)
TYPES: dict[str, type] = {
    **{t.__name__: t for t in (bool, int, float, complex, str, bytes, list, tuple, dict, set)},
    **{f"numpy.{name}": getattr(np, name) for name in ("bool", "complex64", "complex128")},
    **{f"numpy.{kind}{bits}": getattr(np, f"{kind}{bits}") for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
    **{f"numpy.float{bits}": getattr(np, f"float{bits}") for bits in (16, 32, 64)},
    "numpy.ndarray": np.ndarray,
}
TYPE_NAMES = {kind: name for name, kind in TYPES.items()}
ARRAY, SCALAR, TUPLE, SLICE, RANGE, DTYPE, COMPLEX, BIG_INT, HANDLE, STORED, SET, ELLIPSIS, TYPE = range(1, 14)


class WireError(Exception):
    """The bytes are not a message of this protocol, or too large."""


@dataclass(frozen=True)
class WireLimits:
    """The limits for one message."""

    structure_bytes: int = 2**20  # limits the number of Python objects that reading makes
    array_bytes: int = 2**26  # all arrays of a message together
    arrays: int = 4096
    elements: int = 2**26  # of all arrays of a message together
    # Empty rows cost no bytes, but iterating visits each of them; likewise the members of ranges.
    rows_of_nothing: int = 2**20
    range_items: int = 2**20
    rank: int = 32
    depth: int = 32
    big_int_bytes: int = 1024  # int.from_bytes is quadratic
    # Chosen numbers as keys can be made to collide, which is quadratic; text is hashed with a secret.
    chosen_keys: int = 5000


DEFAULT = WireLimits()


@dataclass(frozen=True)
class Ref:
    """An object that lives in the worker, by number; `kind` is the name of its class."""

    number: int
    kind: str = ""


@dataclass(frozen=True)
class Stored:
    """An array that lives in the worker, by number: a remote array, or one that was returned earlier."""

    number: int


class Writer:
    """Write values as one message. `refer` makes a Ref for a value that is not plain; `store` numbers a sent array."""

    def __init__(self, refer: Callable[[Any], Any], store: Callable[[np.ndarray], int] | None = None):
        self._refer, self._store = refer, store
        self._buffers: list[Any] = []
        self._depth = 0
        # strict_types: a subclass of float or list must not count as one; it goes through _other.
        self._packer = msgpack.Packer(default=self._other, strict_types=True)

    def message(self, value: Any) -> list[Any]:
        """Return the pieces of a message, to be sent in order."""
        self._buffers, self._depth = [], 0
        self._packer.reset()
        try:
            structure = self._packer.pack(value)
        except (RecursionError, ValueError):
            raise WireError(f"nested more than {DEFAULT.depth} deep, contains itself, or has invalid text") from None
        lengths = b"".join(LENGTH.pack(len(buffer)) for buffer in self._buffers)
        return [HEADER.pack(len(structure), len(self._buffers)) + lengths + structure, *self._buffers]

    def _other(self, value: Any) -> Any:
        kind = type(value)
        if kind is np.ndarray or (isinstance(value, np.ndarray) and value.dtype.kind in PLAIN_KINDS):
            return self._array(value)
        if isinstance(value, np.generic) and value.dtype.kind in PLAIN_KINDS:
            dtype = value.dtype.str.encode()
            return msgpack.ExtType(SCALAR, bytes([len(dtype)]) + dtype + value.tobytes())
        if kind is tuple or (isinstance(value, tuple) and hasattr(kind, "_fields")):
            return self._nested(TUPLE, list(value))
        if kind in (OrderedDict, defaultdict, Counter):
            return dict(value)
        if kind is deque:
            return list(value)
        if kind in (set, frozenset):
            return self._nested(SET, list(value))
        simple = self._simple(kind, value)
        return simple if simple is not None else self._referred(value)

    def _simple(self, kind: type, value: Any) -> Any:
        if value is Ellipsis:
            return msgpack.ExtType(ELLIPSIS, b"")
        if kind is slice:
            return self._nested(SLICE, [value.start, value.stop, value.step])
        if kind is range:
            range_length(value)
            return self._nested(RANGE, [value.start, value.stop, value.step])
        if kind is complex:
            return msgpack.ExtType(COMPLEX, struct.pack("<dd", value.real, value.imag))
        if kind is int:  # beyond 64 bits
            return msgpack.ExtType(BIG_INT, _digits(value))
        if isinstance(value, np.dtype) and value.kind in PLAIN_KINDS:
            return msgpack.ExtType(DTYPE, value.str.encode())
        if isinstance(value, type) and value in TYPE_NAMES:
            return msgpack.ExtType(TYPE, TYPE_NAMES[value].encode())
        return None

    def _referred(self, value: Any) -> Any:
        ref = value if isinstance(value, Ref | Stored) else self._refer(value)
        if isinstance(ref, Stored):
            return msgpack.ExtType(STORED, LENGTH.pack(ref.number))
        return msgpack.ExtType(HANDLE, LENGTH.pack(ref.number) + ref.kind[:80].encode(errors="replace"))

    def _nested(self, code: int, items: list) -> msgpack.ExtType:
        """Write an extension's own structure with a fresh packer; its arrays go into the same list."""
        self._depth += 1
        if self._depth > DEFAULT.depth:
            raise RecursionError
        data = msgpack.Packer(default=self._other, strict_types=True).pack(items)
        self._depth -= 1
        return msgpack.ExtType(code, data)

    def _array(self, array: np.ndarray) -> Any:
        if array.dtype.kind not in PLAIN_KINDS:
            return self._referred(array)
        check_shape(array.shape)
        number = self._store(array) if self._store else 0
        data = np.asarray(array, order="C").view(np.ndarray)
        self._buffers.append(data.reshape(-1).view(np.uint8).data if data.size else b"")
        fields = [data.dtype.str, list(data.shape), len(self._buffers) - 1, number]
        return msgpack.ExtType(ARRAY, msgpack.packb(fields))


def check_shape(shape: Sequence[int], limits: WireLimits = DEFAULT) -> int:
    """Refuse shapes that take long to iterate over, even if they have few bytes or none; return the number of steps."""
    if len(shape) > limits.rank or not all(type(n) is int and 0 <= n <= limits.elements for n in shape):
        raise WireError(f"{str(tuple(shape))[:200]} is not an allowed shape")
    walked = math.prod(max(n, 1) for n in shape)
    if walked > (limits.rows_of_nothing if 0 in shape else limits.elements):
        raise WireError(f"an array of shape {tuple(shape)} is too large")
    return walked


def range_length(items: range, limits: WireLimits = DEFAULT) -> int:
    """Refuse a range with more members than a list could have."""
    first_beyond = items.start + items.step * limits.range_items
    if (first_beyond < items.stop) if items.step > 0 else (first_beyond > items.stop):
        raise WireError(f"a range has more than {limits.range_items} members")
    return len(items)


def _digits(value: int) -> bytes:
    size = value.bit_length() // 8 + 1
    if size > DEFAULT.big_int_bytes:
        raise WireError(f"a number has {size} bytes, the limit is {DEFAULT.big_int_bytes}")
    return value.to_bytes(size, "little", signed=True)


class Reader:
    """Read one message at a time. `deref` turns a Ref or Stored into the reader's object with that number."""

    def __init__(
        self,
        deref: Callable[[Ref | Stored], Any],
        limits: WireLimits = DEFAULT,
        arrived: Callable[[np.ndarray, int], None] | None = None,
        writable: bool = False,
        make_list: Callable[[list], Any] | None = None,
        make_dict: Callable[[list], Any] = dict,
    ):
        self._deref, self._limits, self._arrived, self._writable = deref, limits, arrived, writable
        self._make_list, self._make_dict = make_list, make_dict
        self._buffers: Sequence[Any] = ()
        self._depth = 0
        self._keys = self._range_items = self._elements = 0

    def value(self, structure: bytes, buffers: Sequence[Any]) -> Any:
        """Return the value of a message; raise WireError for any fault in it."""
        self._buffers, self._depth = buffers, 0
        self._keys = self._range_items = self._elements = 0
        try:
            return self._unpack(structure)
        except WireError:
            raise
        except RecursionError:
            raise WireError(f"a message is more than {self._limits.depth} levels deep") from None
        except (ValueError, TypeError, KeyError, IndexError, OverflowError, struct.error, MemoryError) as error:
            raise WireError(f"not a message: {type(error).__name__}: {str(error)[:200]}") from None

    def _unpack(self, data: bytes) -> Any:
        return msgpack.unpackb(
            data,
            ext_hook=self._extension,
            strict_map_key=False,
            object_pairs_hook=self._pairs,
            list_hook=self._make_list,
        )

    def _pairs(self, pairs: list) -> dict:
        """Build a dict; count keys that are not text, because their hashes can be chosen."""
        self._keys += sum(type(key) is not str for key, _ in pairs)
        if self._keys > self._limits.chosen_keys:
            raise WireError(f"a message has more than {self._limits.chosen_keys} keys that are not text")
        return self._make_dict(pairs)

    def _extension(self, code: int, data: bytes) -> Any:
        self._depth += 1
        if self._depth > self._limits.depth:
            raise WireError(f"a message is more than {self._limits.depth} levels deep")
        value = self._extended(code, data)
        self._depth -= 1
        return value

    def _extended(self, code: int, data: bytes) -> Any:
        if code == ARRAY:
            return self._array(*self._unpack(data))
        if code == SCALAR:
            size = data[0] + 1
            return np.frombuffer(data[size:], _dtype(data[1:size].decode()), count=1)[0]
        if code == HANDLE:
            return self._deref(Ref(LENGTH.unpack(data[:8])[0], data[8:].decode(errors="replace")[:80]))
        if code == STORED:
            return self._deref(Stored(LENGTH.unpack(data)[0]))
        if code in (TUPLE, SET, SLICE, RANGE):
            return self._sequence(code, self._unpack(data))
        return self._simple(code, data)

    def _simple(self, code: int, data: bytes) -> Any:
        if code == ELLIPSIS:
            return Ellipsis
        if code == COMPLEX:
            return complex(*struct.unpack("<dd", data))
        if code == DTYPE:
            return _dtype(data.decode())
        if code == TYPE:
            return TYPES[data.decode()]
        if code == BIG_INT and len(data) <= self._limits.big_int_bytes:
            return int.from_bytes(data, "little", signed=True)
        raise WireError(f"unknown extension {code} of {len(data)} bytes")

    def _sequence(self, code: int, items: Any) -> Any:
        if not isinstance(items, list):
            raise WireError("a sequence was expected")
        if code == TUPLE:
            return tuple(items)
        if code == SET:
            self._keys += len(items)
            if self._keys > self._limits.chosen_keys:
                raise WireError(f"a message has more than {self._limits.chosen_keys} members of sets")
            return frozenset(items)
        if code == RANGE:
            return self._range(range(*items))
        return slice(*items)

    def _range(self, items: range) -> range:
        self._range_items += range_length(items, self._limits)
        if self._range_items > self._limits.range_items:
            raise WireError(f"a message's ranges have more than {self._limits.range_items} members")
        return items

    def _array(self, dtype: str, shape: list, index: int, number: int) -> np.ndarray:
        if type(index) is not int or type(number) is not int or not 0 <= index < len(self._buffers):
            raise WireError("an array has no bytes")
        self._elements += check_shape(shape, self._limits)  # several arrays may use the same bytes
        if self._elements > self._limits.elements:
            raise WireError(f"a message's arrays have more than {self._limits.elements} elements")
        array = np.frombuffer(self._buffers[index], _dtype(dtype)).reshape(shape)
        array = array.copy() if self._writable else _read_only(array)
        if self._arrived and number:
            self._arrived(array, number)
        return array


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _dtype(text: str) -> np.dtype:
    if not PLAIN_DTYPE.fullmatch(text):  # numpy would evaluate other texts, or warn about them
        raise WireError(f"{text[:20]!r} is not a plain dtype")
    dtype = np.dtype(text)
    if dtype.kind not in PLAIN_KINDS or dtype.itemsize > 32:
        raise WireError(f"{text!r} is not a plain dtype")
    return dtype
