"""`python -m tests.benchmarks [NAME...]`: run `bench_NAME.py` files and print figures, peers, ratios and limits.

Exit code 1 if a figure misses its limit, or a benchmark could not run.
"""

import argparse
import importlib
import json
import sys
import traceback
from pathlib import Path

from tests.benchmarks.busy import told
from tests.benchmarks.report import Report, Row, names

HERE = Path(__file__).parent
LINE = "{:<12} {:<58} {:>12} {:>12} {:>8} {:>10} {:>4}"


def main() -> int:
    available = names(HERE)
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(available)}  [all]")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    chosen = parser.parse_args()
    for name in chosen.names:
        if name not in available:
            parser.error(f"there is no benchmark '{name}'. There are: {', '.join(available)}")
    report = Report() if chosen.json else Report(say=show)
    if not chosen.json:
        print(LINE.format("benchmark", "figure", "ours", "peer", "ratio", "wanted", "ok"))
    broken = [name for name in chosen.names or available if not run(name, report)]
    if chosen.json:
        print(json.dumps({"figures": report.to_json(), "broken": broken}, indent=1))
    elif report.failed or broken:
        print(f"\nnot as wanted: {len(report.failed)}; could not run: {', '.join(broken) or 'none'}")
    return 1 if report.failed or broken else 0


def run(name: str, report: Report) -> bool:
    """Run one benchmark; if it fails, show the error and let the others run."""
    report.benchmark = name
    try:
        benchmark = importlib.import_module(f"tests.benchmarks.bench_{name}")
        with told(report, is_client=getattr(benchmark, "IS_CLIENT", False)):
            benchmark.run(report)
    except Exception:
        traceback.print_exc()
        return False
    return True


def show(row: Row) -> None:
    """Print one figure as a line at once, because benchmarks take long."""
    peer = "" if row.peer is None else figure(row.peer, row.unit)
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    ok = "" if row.ok is None else "yes" if row.ok else "NO"
    line = LINE.format(row.benchmark, row.label, figure(row.ours, row.unit), peer, ratio, row.wanted, ok)
    print(line.rstrip(), flush=True)


def figure(value: float, unit: str) -> str:
    return f"{value:.4g} {unit}".strip()


if __name__ == "__main__":
    sys.exit(main())
