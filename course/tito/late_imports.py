"""Keep unused imports of other packages out of processes that grade or make notebooks.

`import nbgrader` imports its four Jupyter server extensions, and with them all of Jupyter Server and Notebook: half of
a service's memory and seconds of its start; the gradebook, the converters and the plugins need none of it. jsonschema
builds a parser for all IRIs for a check that no schema here uses. Each is loaded when something calls it.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

EXTENSIONS = "nbgrader.server_extensions"
NAMES = ("assignment_list", "course_list", "validate_assignment", "formgrader")


def import_nbgrader_lightly() -> None:
    """Import the package with no more than is needed here; call this before any other import from nbgrader."""
    postpone("rfc3987_syntax", "is_valid_syntax")
    import_nbgrader_alone()


def postpone(module: str, name: str) -> ModuleType | None:
    """Let others import `name` from `module`, which is loaded when `name` is called; None if it is already loaded."""
    if module in sys.modules:
        return None

    def call(*args, **kwargs):
        if sys.modules.get(module) is placeholder:
            del sys.modules[module]
        return getattr(importlib.import_module(module), name)(*args, **kwargs)

    placeholder = ModuleType(module)
    setattr(placeholder, name, call)
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
