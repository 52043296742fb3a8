"""The handles of one link: one for each object in the worker, as long as a test cell keeps it."""

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from tito.checks.handles import DictSnapshot, Handle, ListSnapshot, LostObject, PlainValuesOnly, RemoteArray
from tito.worker.wire import Reader, Ref, Stored, Writer


class _Writer(Writer):
    """Writes snapshots back as plain lists and dicts."""

    def _other(self, value: Any) -> Any:
        if type(value) is ListSnapshot:
            return list(value)
        if type(value) is DictSnapshot:
            return dict(value)
        return super()._other(value)


class Handles:
    """The handles of one link: one per object in the worker, and the reading and writing of messages with them."""

    def __init__(self, link: Any):
        self._link = link
        self._named: dict[int, weakref.ref] = {}
        self._reader = Reader(self._deref, arrived=self._note_origin, make_list=ListSnapshot, make_dict=DictSnapshot)
        self._writer = _Writer(self._refer)
        self.forget()

    def forget(self) -> None:
        """Start over: the worker that had the objects is gone."""
        self._alive: weakref.WeakValueDictionary[int, Handle] = weakref.WeakValueDictionary()
        self._dead: list[int] = []
        self._origins: dict[int, tuple[weakref.ref, int]] = {}

    def read(self, structure: bytes, buffers: Any) -> Any:
        return self._reader.value(structure, buffers)

    def write(self, value: Any) -> list:
        return self._writer.message(value)

    def released(self) -> list[int]:
        """Return the numbers of handles that were dropped since the last request."""
        if not self._dead:
            return []
        # The list itself stays: finalizers keep it, and may add to it at any moment.
        dead = [self._dead.pop() for _ in range(len(self._dead))]
        return [number for number in dead if number not in self._alive]

    def bind_name(self, handle: Handle, name: str) -> None:
        """Note that `handle` is the notebook's `name`, so that it can be found in another worker."""
        object.__setattr__(handle, "_name", name)
        self._named[id(handle)] = weakref.ref(handle)

    def rebind_names(self, names: Callable[[list[str]], dict]) -> None:
        """Bind the handles that have a name to the objects of that name in the current worker."""
        old = [handle for ref in self._named.values() if (handle := ref()) is not None]
        old = [handle for handle in old if object.__getattribute__(handle, "_epoch") != self._link.epoch]
        found = names(sorted({object.__getattribute__(handle, "_name") for handle in old})) if old else {}
        for handle in old:
            fresh = found.get(object.__getattribute__(handle, "_name"))
            if isinstance(fresh, Handle):
                for field in ("_number", "_kind", "_epoch"):
                    object.__setattr__(handle, field, object.__getattribute__(fresh, field))
                self._enter(handle, object.__getattribute__(handle, "_number"))

    def origin(self, array: np.ndarray) -> Stored:
        """Find the worker's array from which a snapshot was taken."""
        known = self._origins.get(id(array))
        if known is None or known[0]() is not array:
            raise PlainValuesOnly(
                "this array did not come unchanged from student code: pass x.data itself, or remote(a)"
            )
        return Stored(known[1])

    def _deref(self, ref: Ref | Stored) -> Any:
        if isinstance(ref, Stored):
            return RemoteArray(self._link, ref.number)
        handle = self._alive.get(ref.number)
        if handle is None:
            handle = Handle(self._link, ref)
            self._enter(handle, ref.number)
        return handle

    def _enter(self, handle: Handle, number: int) -> None:
        self._alive[number] = handle
        weakref.finalize(handle, self._dead.append, number).atexit = False

    def _refer(self, value: Any) -> Ref | Stored:
        if isinstance(value, (Handle, RemoteArray)):
            epoch = object.__getattribute__(value, "_epoch")
            if epoch != self._link.epoch:
                raise LostObject("an object made earlier was lost when student code hung or died")
            number = object.__getattribute__(value, "_number")
            return Stored(number) if isinstance(value, RemoteArray) else Ref(number)
        if callable(value):
            name = getattr(value, "__name__", "it")
            raise PlainValuesOnly(f"the test's own functions can't be passed to student code: make {name} a fixture")
        raise PlainValuesOnly(f"an object of class {type(value).__name__} cannot be sent to student code")

    def _note_origin(self, array: np.ndarray, number: int) -> None:
        key = id(array)
        origins = self._origins
        origins[key] = (weakref.ref(array, lambda _: origins.pop(key, None)), number)
