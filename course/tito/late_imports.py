"""Keep unused imports of other packages out of processes that grade or make notebooks.

`import nbgrader` imports its four Jupyter server extensions, and with them all of Jupyter Server and Notebook: half of
a service's memory and seconds of its start; the gradebook, the converters and the plugins need none of it. jsonschema
builds a parser for all IRIs for a check that no schema here uses. Each is loaded when something calls it.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

EXTENSIONS = "nbgrader.server_extensions"
NAMES = ("assignment_list", "course_list", "validate_assignment", "formgrader")


def import_nbgrader_lightly() -> None:
    """Import the package with no more than is needed here; call this before any other import from nbgrader."""
    postpone("rfc3987_syntax", "is_valid_syntax")
    import_nbgrader_alone()


def postpone(module: str, *names: str) -> ModuleType | None:
    """Let others import `names` from `module`, which is loaded when one of them is called or any other name is used.

    Return the placeholder, or None if the module is already loaded.
    """
    if module in sys.modules:
        return None

    def real(name: str) -> Any:
        if name.startswith("__"):  # only the import system looks for these
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        if sys.modules.get(module) is placeholder:
            del sys.modules[module]
        return getattr(importlib.import_module(module), name)

    def late(name: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: real(name)(*args, **kwargs)

    placeholder = ModuleType(module)
    vars(placeholder).update({name: late(name) for name in names}, __getattr__=real)
    sys.modules[module] = placeholder
    return placeholder


def load_on_use(module: str) -> ModuleType | None:
    """Let others `import module`, which is loaded when they take something of it; None if it is loaded already."""
    if module in sys.modules:
        return None

    def take(name: str) -> Any:
        if sys.modules.get(module) is placeholder:
            del sys.modules[module]
        return getattr(importlib.import_module(module), name)

    placeholder = ModuleType(module)
    vars(placeholder)["__getattr__"] = take
    sys.modules[module] = placeholder
    return placeholder


@contextmanager
def left_out(modules: Mapping[str, Iterable[str]]) -> Iterator[None]:
    """Replace modules with empty ones, which have empty classes, during the block; later imports get the real ones."""
    empty = {name: ModuleType(name) for name in modules if name not in sys.modules}
    for name, module in empty.items():
        vars(module).update({kind: type(kind, (), {}) for kind in modules[name]})
    sys.modules.update(empty)
    try:
        yield
    finally:
        for name in empty:
            del sys.modules[name]


def only_its_parts(package: str, **names: str) -> None:
    """Let others import parts of a package without running its `__init__`.

    Each of `names` is taken directly from the part that it names; using any other name of the package runs `__init__`.
    """
    spec = importlib.util.find_spec(package)
    if package in sys.modules or spec is None or spec.loader is None:
        return
    module, loader = importlib.util.module_from_spec(spec), spec.loader

    def take(name: str) -> Any:
        if name in names:
            return getattr(importlib.import_module(f"{package}.{names[name]}"), name)
        if name.startswith("__"):  # only the import system looks for these
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        del vars(module)["__getattr__"]
        loader.exec_module(module)
        return getattr(module, name)

    vars(module)["__getattr__"] = take
    sys.modules[package] = module


def import_nbgrader_alone() -> None:
    """Import the package without its server extensions; importing one of these later gets the real one."""
    if "nbgrader" in sys.modules:
        return
    stand_ins = [postpone(f"{EXTENSIONS}.{name}", "load_jupyter_server_extension") for name in NAMES]
    package = ModuleType(EXTENSIONS)
    sys.modules[EXTENSIONS] = package
    try:
        importlib.import_module("nbgrader")
    finally:
        for module in (package, *filter(None, stand_ins)):
            del sys.modules[module.__name__]
