"""Start a Python kernel as `ipykernel_launcher` does, without what most notebooks never use: the debugger, and the half
of jupyter_client that starts kernels and sends them requests. The real one of each is loaded on first use.
"""

import gc
import importlib
import sys
from importlib.util import find_spec
from typing import Any

# Python puts this script's folder here; the kernel itself adds the notebook's later.
del sys.path[0]

from tito.late_imports import left_out, only_its_parts  # noqa: E402

# What ipykernel imports from debugpy at start, which takes a quarter of that time: for each module, the names it uses.
FRAMES = "_pydevd_bundle.pydevd_suspended_frames"
OF_FRAMES = ("SuspendedFramesManager", "_FramesTracker")
DEBUGGER = {"debugpy": (), "debugpy.server": ("api",), "_pydevd_bundle": ("pydevd_frame_utils",), FRAMES: OF_FRAMES}

# What a kernel imports from jupyter_client itself, and the part that each is in.
OF_CLIENT = {
    "write_connection_file": "connect",
    "find_connection_file": "connect",
    "BlockingKernelClient": "blocking",
}


def main() -> None:
    """Become the kernel."""
    gc.disable()  # objects made now are kept, as in a server's start
    only_its_parts("jupyter_client", **OF_CLIENT)
    if find_spec("debugpy") is not None:
        postpone_debugger()
    for module in ("ipykernel.kernelapp", "ipykernel.ipkernel"):
        importlib.import_module(module)
    gc.freeze()
    gc.enable()
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


def postpone_debugger() -> None:
    """Import ipykernel's debugger without debugpy, which is loaded when somebody inspects variables or debugs."""
    with left_out(DEBUGGER):
        debugger: Any = importlib.import_module("ipykernel.debugger")
    explorer = debugger.VariableExplorer

    class Later:
        """The debugger's view of variables, made when it is first used."""

        def __getattr__(self, name: str) -> Any:
            if "real" not in vars(self):
                load_debugger(debugger)
                debugger.VariableExplorer = explorer
                vars(self)["real"] = explorer()
            return getattr(vars(self)["real"], name)

    debugger.VariableExplorer = Later


def load_debugger(debugger: Any) -> None:
    """Give ipykernel's debugger the real modules."""
    importlib.import_module("debugpy.server")  # makes the others importable
    debugger.pydevd_frame_utils = importlib.import_module("_pydevd_bundle.pydevd_frame_utils")
    for name in OF_FRAMES:
        setattr(debugger, name, getattr(importlib.import_module(FRAMES), name))


if __name__ == "__main__":
    main()
