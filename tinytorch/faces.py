"""Where PyTorch's words lead to the modules that students build.

`tinytorch`, `tinytorch.nn`, `tinytorch.nn.functional`, `tinytorch.optim`, `tinytorch.data` and `tinytorch.profiling`
each list their words; which module builds a word is read from `core/curriculum.json`. Promises: nothing of `core` is
imported before a word is asked for, and a word that is not built yet raises an ImportError that says who builds it and
which command starts it.
"""

import functools
import importlib
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from tinytorch.missing import INSTEAD, explain
from tinytorch.options import understanding

CURRICULUM = Path(__file__).parent / "core" / "curriculum.json"


def make_face(
    package: str, words: Mapping[str, str], rooms: Mapping[str, str] = MappingProxyType({})
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the `__getattr__` and `__dir__` of a package.

    It offers `words`, each with its name in core, and `rooms`, each with the hand-written module that has it.
    """

    def __getattr__(word: str) -> object:
        if word in rooms:
            value = from_room(rooms[word], word, f"{package}.{word}")
        elif word in words:
            value = find(words[word], f"{package}.{word}")
        else:
            raise AttributeError(explain(package, word, sorted({*words, *rooms})))
        if inspect.isfunction(value):
            value = understanding(value, package, word)
        setattr(sys.modules[package], word, value)  # asked once: the next look-up costs nothing
        return value

    return __getattr__, lambda: sorted({*words, *rooms})


def same_words(*words: str) -> dict[str, str]:
    """List words that are called the same in core."""
    return {word: word for word in words}


def in_room(room: str, *words: str) -> dict[str, str]:
    """List the words of one hand-written module."""
    return dict.fromkeys(words, room)


def from_room(room: str, word: str, shown: str) -> object:
    """Import a word of a hand-written module, which may need what a student builds."""
    try:
        return getattr(importlib.import_module(room), word)
    except AttributeError as error:  # Python would take it for "there is no such word" and hide where it was raised
        raise ImportError(f"{shown} can't be imported: AttributeError: {error}") from error


def find(name: str, shown: str) -> object:
    """Import what some module exports as `name`; `shown` is how the reader asked for it."""
    module = builder(name)
    if module is None:
        raise ImportError(f"{shown} is built by no module of this course: see `tito module status` for what there is")
    slug = module["slug"]
    try:
        core = importlib.import_module(f"tinytorch.core.{slug}")
    except AttributeError as error:  # Python would take it for "there is no such word" and hide where it was raised
        raise ImportError(f"{shown} can't be imported, since core/{slug}.py fails: AttributeError: {error}") from error
    try:
        return getattr(core, name)
    except AttributeError:
        raise ImportError(
            f"{shown} is missing in {core.__file__}: define {name} in your notebook of {label(module)} and run "
            f"`tito module complete {slug}`"
        ) from None


def builder(name: str) -> dict | None:
    """Find the module that exports `name`, as curriculum.json describes it."""
    return next((module for module in curriculum() if name in module["exports"]), None)


def advice(slug: str) -> str | None:
    """Say who builds `tinytorch.core.SLUG` and how to start; None if no module has that slug."""
    module = next((module for module in curriculum() if module["slug"] == slug), None)
    if module is None:
        return None
    return f"tinytorch.core.{slug} is built in module {label(module)}: run `tito module start {slug}`"


def label(module: dict) -> str:
    """Return the name of a module's folder, such as 01_tensor."""
    return f"{module['number']:02d}_{module['slug']}"


@functools.cache
def curriculum() -> list[dict]:
    """Read the modules from the generated curriculum."""
    try:
        return json.loads(CURRICULUM.read_text(encoding="utf-8"))["modules"]
    except FileNotFoundError:
        raise ImportError(
            f"{CURRICULUM} is missing: in a checkout run `tito export --all`, else reinstall tinytorch"
        ) from None


class Teacher:
    """The last finder that Python asks: for a module of core that is not built yet, it says who builds it."""

    @staticmethod
    def find_spec(name: str, path=None, target=None) -> None:
        package, _, slug = name.rpartition(".")
        # A worker has no curriculum: there an absent module is simply absent.
        message = advice(slug) if package == "tinytorch.core" and CURRICULUM.exists() else None
        if slug in INSTEAD.get(package, ()):  # import torch.jit
            message = explain(package, slug)
        if message:
            raise ModuleNotFoundError(message, name=name)


if Teacher not in sys.meta_path:
    sys.meta_path.append(Teacher)
