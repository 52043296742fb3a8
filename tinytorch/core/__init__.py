"""The framework itself, one file per module: generated from the course, or a student's own.

`$TINYTORCH_HOME/core` comes first if that variable is set; only student servers set it. Once module 05 exists, its
recorder is installed before anything else of core is used. Promises: a broken autograd.py is a warning that names it
and an explanation from `backward()`, never a package that cannot be imported.
"""

import contextlib
import importlib
import os
import warnings
from pathlib import Path

from tinytorch.memory import keep_freed_memory

# The one place that reads the environment while being imported: Python itself searches __path__ from here on.
if os.environ.get("TINYTORCH_HOME"):
    __path__.insert(0, str(Path(os.environ["TINYTORCH_HOME"]) / "core"))



def install_recorder() -> None:
    """Let tensors be recorded by core/autograd.py, if it is there and can be imported."""
    try:
        autograd = importlib.import_module("tinytorch.core.autograd")
        importlib.import_module("tinytorch.core.tensor").set_recorder(autograd.record, autograd.backpropagate)
    except ModuleNotFoundError as missing:
        if missing.name not in ("tinytorch.core.autograd", "tinytorch.core.tensor"):
            _explain(missing)
    except Exception as error:  # a student's file may raise anything: the rest of the package must still be usable
        _explain(error)


def _explain(error: Exception) -> None:
    """Say what is wrong with autograd.py, now and again when backward() is called."""
    message = (
        f"core/autograd.py cannot be used, so there are no gradients: {_place(error)}{type(error).__name__}: {error}. "
        "Fix your notebook of module 05_autograd and run `tito module complete autograd`"
    )
    warnings.warn(message, stacklevel=2)
    with contextlib.suppress(Exception):  # a broken tensor.py speaks for itself when it is imported by name
        importlib.import_module("tinytorch.core.tensor").RECORDER.advice = message


def _place(error: Exception) -> str:
    """Name the innermost line of core that raised."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}: "
    place, trace = "", error.__traceback__
    while trace:
        name = trace.tb_frame.f_code.co_filename
        if Path(name).parent.name == "core" and not name.endswith("__init__.py"):
            place = f"{name}, line {trace.tb_lineno}: "
        trace = trace.tb_next
    return place


keep_freed_memory()
install_recorder()
