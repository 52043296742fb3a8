"""Figures that the text of modules 01 to 08 calls measured, measured again: one thread, on this machine."""

import contextlib
import json
import os
import subprocess
import sys

from tests.benchmarks.bench_training import ONE_THREAD
from tests.benchmarks.prose import CLAIMS, first_modules, measured
from tests.benchmarks.report import Report


def run(report: Report) -> None:
    """Run each module in a child process with one thread."""
    for module in first_modules():
        child = subprocess.run(
            [sys.executable, "-m", __name__, module.slug],
            env=os.environ | ONE_THREAD | {"MPLBACKEND": "Agg"}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = json.loads(child.stdout.splitlines()[-1])
        for claim in CLAIMS[module.slug]:
            report.measure(f"{module.slug}: {claim.says[:45]}", found[claim.says], "", wanted=claim.wanted)


def main(slug: str) -> None:
    """Print one module's figures as the last line."""
    module = next(module for module in first_modules() if module.slug == slug)
    with contextlib.redirect_stdout(sys.stderr):
        found = {claim.says: value for claim, value in measured(module)}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
