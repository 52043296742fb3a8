"""A worker's answers to requests: one function for each, on plain values and this process's objects."""

import copy
import importlib
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from tito.worker.cells import Notebook, message_of, place_of
from tito.worker.objects import Objects
from tito.worker.wire import Ref, Stored

BINARY = [
    "add", "sub", "mul", "truediv", "floordiv", "mod", "divmod", "pow", "matmul", "and_", "or_", "xor", "lshift",
    "rshift", "lt", "le", "gt", "ge", "contains", "iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow",
    "imatmul", "iand", "ior", "ixor", "ilshift", "irshift",
]  # fmt: skip
UNARY = ("neg", "pos", "abs", "invert", "index")
CONVERSIONS: dict[str, Callable] = {
    "float": float,
    "int": int,
    "complex": complex,
    "str": str,
    "repr": repr,
    "len": len,
    "bool": bool,
}
BUILTIN_ERRORS = [
    "NotImplementedError", "RecursionError", "UnboundLocalError", "ModuleNotFoundError", "FileNotFoundError",
    "FileExistsError", "PermissionError", "TimeoutError", "ZeroDivisionError", "OverflowError",
    "FloatingPointError", "IndexError", "KeyError", "AttributeError", "NameError", "ImportError", "OSError",
    "ArithmeticError", "LookupError", "AssertionError", "BufferError", "EOFError", "MemoryError", "ReferenceError",
    "SyntaxError", "TypeError", "ValueError", "StopIteration", "RuntimeError", "Exception",
]  # fmt: skip


class Stop(Exception):
    """An iteration has ended."""


class Worker:
    """One job's objects and notebook, and the requests on them."""

    def __init__(self, name: str):
        self.objects = Objects()
        self.notebook = Notebook(name)
        self._answers: dict[str, Callable] = {
            word.removeprefix("do_"): getattr(self, word) for word in dir(self) if word.startswith("do_")
        }

    def answer(self, request: list) -> list:
        """Answer `[released numbers, word, arguments...]` with `["ok", value]`, `["stop"]` or `["error", ...]`."""
        try:
            released, word, *arguments = request
            self.objects.release(released)
            return ["ok", self._answers[word](*arguments)]
        except Stop:
            return ["stop"]
        except BaseException as error:  # student code may raise anything
            return ["error", *describe(error)]

    # cells and names

    def do_cell(self, name: str, source: str, stub: str) -> list[str]:
        return self.notebook.run(name, source, stub)

    def do_names(self, names: list[str]) -> dict[str, Any]:
        """Look names up in the notebook; a dotted name is a module."""
        found = {name: self.notebook.names[name] for name in names if name in self.notebook.names}
        return found | {name: importlib.import_module(name) for name in names if "." in name}

    def do_import(self, name: str) -> Any:
        return importlib.import_module(name)

    # objects

    def do_get(self, target: Any, name: str) -> Any:
        return getattr(target, name)

    def do_set(self, target: Any, name: str, value: Any) -> None:
        setattr(target, name, value)

    def do_delete(self, target: Any, name: str) -> None:
        delattr(target, name)

    def do_call(self, target: Any, arguments: list, options: dict) -> Any:
        return target(*arguments, **options)

    def do_method(self, target: Any, name: str, arguments: list, options: dict) -> Any:
        return getattr(target, name)(*arguments, **options)

    def do_binary(self, word: str, a: Any, b: Any) -> Any:
        if word not in BINARY:
            raise ValueError(f"unknown operator {word!r}")
        return divmod(a, b) if word == "divmod" else getattr(operator, word)(a, b)

    def do_unary(self, word: str, a: Any) -> Any:
        if word not in UNARY:
            raise ValueError(f"unknown operator {word!r}")
        return getattr(operator, word)(a)

    def do_getitem(self, target: Any, index: Any) -> Any:
        return target[index]

    def do_setitem(self, target: Any, index: Any, value: Any) -> None:
        target[index] = value

    def do_delitem(self, target: Any, index: Any) -> None:
        del target[index]

    def do_convert(self, word: str, target: Any) -> Any:
        return CONVERSIONS[word](target)

    def do_format(self, target: Any, spec: str) -> str:
        return format(target, spec)

    def do_dir(self, target: Any) -> list[str]:
        return [name for name in dir(target) if type(name) is str][:2000]

    def do_isinstance(self, value: Any, kind: Any) -> bool:
        return isinstance(value, kind) is True

    def do_issubclass(self, value: Any, kind: Any) -> bool:
        return issubclass(value, kind) is True

    def do_iter(self, target: Any) -> Any:
        return as_handle(iter(target), self.objects)

    def do_next(self, iterator: Any) -> Any:
        try:
            return next(iterator)
        except StopIteration:
            raise Stop from None

    def do_enter(self, target: Any) -> Any:
        return type(target).__enter__(target)

    def do_exit(self, target: Any, failed: bool) -> None:
        error = RuntimeError("the block of the test failed") if failed else None
        type(target).__exit__(target, type(error) if error else None, error, None)

    # functions of tinytorch.testing

    def do_remote(self, array: np.ndarray) -> Stored:
        return self.objects.keep_remote(array)

    def do_read(self, array: np.ndarray) -> np.ndarray:
        return array

    def do_shares_memory(self, a: Any, b: Any) -> bool:
        return bool(np.shares_memory(_array(a), _array(b)))

    def do_is_contiguous(self, a: Any) -> bool:
        return bool(_array(a).flags.c_contiguous)

    def do_clone(self, target: Any) -> Any:
        return copy.deepcopy(target)

    def do_saved_and_loaded(self, state: Any) -> Any:
        return pickle.loads(pickle.dumps(state))  # the student's objects; student code runs here anyway


def as_handle(value: Any, objects: Objects) -> Ref:
    """Send `value` as a handle even if it is plain."""
    ref = objects.refer(value)
    assert isinstance(ref, Ref)
    return ref


def describe(error: BaseException) -> list[str]:
    """Return an exception's built-in class, its own class name, its message and its place."""
    names = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
    known = next((name for name in names if name in BUILTIN_ERRORS), "RuntimeError")
    message = message_of(error)
    if not isinstance(error, Exception):
        message = f"student code raised {type(error).__name__}: {message}"
    return [known, type(error).__name__[:80], message, place_of(error)]


def _array(x: Any) -> np.ndarray:
    array = x if isinstance(x, np.ndarray) else getattr(x, "data", None)
    if not isinstance(array, np.ndarray):
        raise TypeError(f"an array or a tensor was expected, not an object of class {type(x).__name__}")
    return array
