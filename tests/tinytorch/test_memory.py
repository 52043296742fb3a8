"""Temporary arrays reuse memory: the kernel need not provide new pages for each."""

import subprocess
import sys

PROGRAM = """
import resource, sys
import numpy as np
if sys.argv[1] == "kept":
    import tinytorch.core.tensor
x = np.ones(100_000, "float32")
for _ in range(20):
    x * 2.0 + x * 3.0
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(200):
    x * 2.0 + x * 3.0
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _page_faults(how: str) -> int:
    found = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(found.stdout)


def test_importing_the_framework_makes_temporaries_reuse_memory():
    """Of 600 arrays with 98 pages each, fewer than 1,000 pages are new once the loop has warmed up."""
    assert _page_faults("kept") < 1000


def test_another_c_library_is_left_alone(monkeypatch):
    import tinytorch.memory

    def no_library(name):
        raise OSError("no such library")

    monkeypatch.setattr(tinytorch.memory.ctypes, "CDLL", no_library)
    assert tinytorch.memory.keep_freed_memory() is False
