"""`python -m tests.exchange.conformance [EXCHANGE...]`: print a table of the promises that each exchange keeps.

The same checks run, with nbgrader's own commands, on nbgrader's default exchange, on ngshare (its environment is made
if it is missing; `--without ngshare` leaves it out) and on ours. The exit code is 1 if ours breaks a promise.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.exchange import ngshare
from tests.exchange.exchanges import EXCHANGES, Scene, Unsupported, scene_of
from tests.exchange.promises import PROMISES

KEPT, BROKEN, ABSENT = "kept", "BROKEN", "absent"


def judge(scene: Scene, name: str) -> tuple[str, str]:
    """Check one promise; return (verdict, reason)."""
    try:
        PROMISES[name](scene)
    except Unsupported as reason:
        return ABSENT, str(reason)
    except (AssertionError, OSError, StopIteration, KeyError) as reason:
        return BROKEN, f"{type(reason).__name__}: {reason}"
    return KEPT, ""


def table(names: list[str], why: bool) -> int:
    """Print the table, with progress on stderr; return how many promises our exchange does not keep."""
    print(f"{'promise':<70}" + "".join(f"{name:>10}" for name in names))
    verdicts: dict[str, dict[str, tuple[str, str]]] = {name: {} for name in names}
    scratch = Path(tempfile.mkdtemp(prefix="conformance-"))
    try:
        for exchange in names:
            with scene_of(exchange, scratch / exchange) as scene:
                for promise in PROMISES:
                    verdicts[exchange][promise] = judge(scene, promise)
                    print(f"\r{exchange}: {len(verdicts[exchange])} of {len(PROMISES)}", end="", file=sys.stderr)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print("\r", end="", file=sys.stderr)
    for promise in PROMISES:
        print(f"{promise:<70}" + "".join(f"{verdicts[name][promise][0]:>10}" for name in names))
        for name in names if why else []:
            if reason := verdicts[name][promise][1]:
                print(f"    {name}: ...{' '.join(reason.split())[-300:]}")
    kept = {name: sum(v == KEPT for v, _ in verdicts[name].values()) for name in names}
    print(f"{'kept':<70}" + "".join(f"{f'{kept[name]}/{len(PROMISES)}':>10}" for name in names))
    return len(PROMISES) - kept["ours"] if "ours" in names else 0


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.exchange.conformance", description=__doc__.split("\n")[0])
    parser.add_argument("exchanges", nargs="*", metavar="EXCHANGE", help=f"of {', '.join(EXCHANGES)}  [all]")
    parser.add_argument("--without", action="append", default=[], help="leave one out")
    parser.add_argument("--why", action="store_true", help="say why a promise is not kept")
    options = parser.parse_args()
    names = [name for name in options.exchanges or EXCHANGES if name not in options.without]
    for name in names:
        if name not in EXCHANGES:
            parser.error(f"there is no exchange {name!r}; there are {', '.join(EXCHANGES)}")
    if "ngshare" in names:
        ngshare.ensure()
    return 1 if table(names, options.why) else 0


if __name__ == "__main__":
    sys.exit(main())
