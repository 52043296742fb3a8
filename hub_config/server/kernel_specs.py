"""Start kernels of the server's own Python with `ipykernel_light.py`, which loads less, and others as they specify."""

import os
import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_core.paths import jupyter_path
from tito.late_imports import left_out
from traitlets import default

USUAL = ["-m", "ipykernel_launcher"]
# Jupyter runs the server's own Python for these names, whatever PATH says.
OWN = ("python", "python3", f"python{sys.version_info.major}.{sys.version_info.minor}", sys.executable)
LAUNCHER = str(Path(__file__).with_name("ipykernel_light.py"))
# Jupyter imports these, and with them all of IPython, to see whether a kernel is the one in ipykernel's own folder. A
# kernel with a file of its own is not.
OF_IPYKERNEL = {"ipykernel": (), "ipykernel.kernelspec": ("RESOURCES", "get_kernel_dict")}


class Specs(KernelSpecManager):
    """The kernels that are installed."""

    @default("kernel_dirs")
    def _folders(self) -> list[str]:
        # Jupyter's own default imports IPython to ask where its folder is.
        ipython = os.environ.get("IPYTHONDIR") or Path.home() / ".ipython"
        return [*jupyter_path("kernels"), str(Path(ipython, "kernels"))]

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        with left_out(OF_IPYKERNEL if self._has_file(kernel_name) else {}):
            spec = super().get_kernel_spec(kernel_name)
        if spec.argv[:1] and spec.argv[0] in OWN and spec.argv[1:3] == USUAL:
            spec.argv = [spec.argv[0], LAUNCHER, *spec.argv[3:]]
        return spec

    def _has_file(self, kernel_name: str) -> bool:
        return any(Path(folder, kernel_name.lower(), "kernel.json").is_file() for folder in self.kernel_dirs)
