"""Kernels of the server's own Python start by `ipykernel_light.py`, which loads less; others start as they say."""

import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

USUAL = ["-m", "ipykernel_launcher"]
# Jupyter runs the server's own Python for these names, whatever PATH says.
OWN = ("python", "python3", f"python{sys.version_info.major}.{sys.version_info.minor}", sys.executable)
LAUNCHER = str(Path(__file__).with_name("ipykernel_light.py"))


class Specs(KernelSpecManager):
    """The kernels that are installed."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        spec = super().get_kernel_spec(kernel_name)
        if spec.argv[:1] and spec.argv[0] in OWN and spec.argv[1:3] == USUAL:
            spec.argv = [spec.argv[0], LAUNCHER, *spec.argv[3:]]
        return spec
