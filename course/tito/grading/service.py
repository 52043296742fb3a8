"""`python -m tito.grading.service`, the grading service by its earlier name."""

import runpy
import sys

if __name__ == "__main__":
    print("tito.grading.service is called tito.grading now: python -m tito.grading", file=sys.stderr)
    runpy.run_module("tito.grading", run_name="__main__", alter_sys=True)
