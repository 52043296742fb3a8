"""Handles: the judge's references to objects that live in the worker, and how test cells may use them.

A handle forwards calls, attributes, operators, indexing, iteration and contexts. Operations that would quietly mean
something else here than in a notebook (`==`, truth, hash, copies, conversion to an array) raise `PlainValuesOnly`.
Values that come back are read-only snapshots; the same object always has the same handle, so `is` works.
"""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from tito.worker.wire import Ref

LONGEST = 2**26  # the largest length that an object may report; tests make lists and ranges of that length
MOST_ITEMS = 20_000  # in one iteration; the course's own longest has a few hundred


class PlainValuesOnly(TypeError):
    """A test cell used a handle for something that only plain values can do."""


class LostObject(BaseException):
    """A handle's object was lost with its worker."""


class Handle:
    """An object in the worker."""

    __slots__ = ("__weakref__", "_epoch", "_kind", "_link", "_name", "_number")

    def __init__(self, link: Any, ref: Ref):
        set_ = object.__setattr__
        set_(self, "_link", link)
        set_(self, "_number", ref.number)
        set_(self, "_kind", "".join(c if c.isprintable() else "?" for c in ref.kind))
        set_(self, "_epoch", link.epoch)
        set_(self, "_name", None)

    def class_name_there(self) -> str:
        return object.__getattribute__(self, "_kind")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__") and name not in ("__name__", "__dict__"):
            raise AttributeError(f"a handle has no {name}: compare plain values (use .data)")
        return self._link.request("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._link.request("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._link.request("delete", self, name)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._link.request("call", self, list(arguments), options)

    def __getitem__(self, index: Any) -> Any:
        return self._link.request("getitem", self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._link.request("setitem", self, index, value)

    def __delitem__(self, index: Any) -> None:
        self._link.request("delitem", self, index)

    def __contains__(self, item: Any) -> bool:
        return bool(self._link.request("binary", "contains", self, item))

    def __iter__(self) -> Iterator[Any]:
        return RemoteIterator(self._link, self._link.request("iter", self))

    def __next__(self) -> Any:
        return self._link.request("next", self)

    def __len__(self) -> int:
        length = self._link.request("convert", "len", self)
        if type(length) is int and length > LONGEST:
            self._link.refuse(f"a length is larger than {LONGEST}, the limit")
        return length

    def __float__(self) -> float:
        return float(self._link.request("convert", "float", self))

    def __int__(self) -> int:
        return int(self._link.request("convert", "int", self))

    def __complex__(self) -> complex:
        return complex(self._link.request("convert", "complex", self))

    def __index__(self) -> int:
        return self._link.request("unary", "index", self)

    def __str__(self) -> str:
        return self._link.request("convert", "str", self)

    def __repr__(self) -> str:
        return self._link.request("convert", "repr", self)

    def __format__(self, spec: str) -> str:
        return self._link.request("format", self, spec)

    def __dir__(self) -> list[str]:
        return self._link.request("dir", self)

    def __enter__(self) -> Any:
        return self._link.request("enter", self)

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self._link.request("exit", self, error is not None)

    def __instancecheck__(self, value: Any) -> bool:
        return self._link.request("isinstance", value, self) is True

    def __subclasscheck__(self, value: Any) -> bool:
        return self._link.request("issubclass", value, self) is True

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        word = _UFUNCS.get(ufunc)
        if word is None or method != "__call__" or options:
            _plain_only(f"np.{getattr(ufunc, '__name__', 'function')} of")
        return self._link.request("binary", word, *inputs)

    def __array_function__(self, function: Any, *rest: Any) -> NoReturn:
        _plain_only(f"np.{getattr(function, '__name__', 'function')} of")

    def __eq__(self, other: object) -> NoReturn:
        _plain_only("== with")

    def __ne__(self, other: object) -> NoReturn:
        _plain_only("!= with")

    def __bool__(self) -> NoReturn:
        _plain_only("the truth of")

    def __hash__(self) -> NoReturn:
        _plain_only("the hash of")

    def __array__(self, *arguments: Any, **options: Any) -> NoReturn:
        _plain_only("an array made of")

    def __copy__(self) -> NoReturn:
        _plain_only("copy of (write clone(x) for a copy made by the student's process)")

    def __deepcopy__(self, memo: dict) -> NoReturn:
        _plain_only("deepcopy of (write clone(x) for a copy made by the student's process)")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        _plain_only("pickle of")


def _plain_only(what: str) -> NoReturn:
    raise PlainValuesOnly(
        f"compare plain values: use .data; {what} an object in the student's process means nothing here"
    )


def _forward(word: str) -> Callable:
    return lambda self, other: self._link.request("binary", word, self, other)


def _reflected(word: str) -> Callable:
    return lambda self, other: self._link.request("binary", word, other, self)


def _unary(word: str) -> Callable:
    return lambda self: self._link.request("unary", word, self)


_BINARY = [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "divmod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
]
for _word in _BINARY:
    _name = f"{_word}_" if _word in ("and", "or") else _word
    setattr(Handle, f"__{_word}__", _forward(_name))
    setattr(Handle, f"__r{_word}__", _reflected(_name))
    if _word != "divmod":
        setattr(Handle, f"__i{_word}__", _forward(f"i{_word}"))
for _word in ("lt", "le", "gt", "ge"):
    setattr(Handle, f"__{_word}__", _forward(_word))
for _word, _name in {"neg": "neg", "pos": "pos", "abs": "abs", "invert": "invert"}.items():
    setattr(Handle, f"__{_word}__", _unary(_name))

# numpy asks a handle first when an array is on the left: `array + x`.
_UFUNCS = {
    np.add: "add", np.subtract: "sub", np.multiply: "mul", np.divide: "truediv", np.floor_divide: "floordiv",
    np.remainder: "mod", np.power: "pow", np.matmul: "matmul", np.less: "lt", np.less_equal: "le", np.greater: "gt",
    np.greater_equal: "ge", np.bitwise_and: "and_", np.bitwise_or: "or_", np.bitwise_xor: "xor",
}  # fmt: skip


class RemoteIterator:
    """An iterator in the worker, asked for one item at a time; an endless one is stopped."""

    def __init__(self, link: Any, handle: Handle):
        self._link, self._handle, self._asked = link, handle, 0

    def __iter__(self) -> "RemoteIterator":
        return self

    def __next__(self) -> Any:
        self._asked += 1
        if self._asked > MOST_ITEMS:
            self._link.refuse(f"the iteration had not ended after {MOST_ITEMS} items")
        return self._link.request("next", self._handle)


class RemoteArray:
    """An array that lives in the worker; pass it to student code, and `read()` its current value."""

    def __init__(self, link: Any, number: int):
        self._link, self._number, self._epoch = link, number, link.epoch

    def read(self) -> np.ndarray:
        return self._link.request("read", self)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.read().shape


def _read_only(self: Any, *arguments: Any, **options: Any) -> NoReturn:
    raise PlainValuesOnly("what comes back is a read-only copy: change state by assignment or methods of the object")


class ListSnapshot(list):
    """A list as it was when it came back."""

    append = extend = insert = remove = pop = clear = sort = reverse = _read_only
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _read_only


class DictSnapshot(dict):
    """A dict as it was when it came back."""

    update = pop = popitem = clear = setdefault = _read_only
    __setitem__ = __delitem__ = __ior__ = _read_only
