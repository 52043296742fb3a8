"""`python -m tito.grading.formgrader`, the formgrader by its earlier name."""

import runpy
import sys

if __name__ == "__main__":
    print("tito.grading.formgrader is called tito.formgrader now: python -m tito.formgrader", file=sys.stderr)
    runpy.run_module("tito.formgrader", run_name="__main__", alter_sys=True)
