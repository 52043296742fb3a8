"""How long a Hub takes to start the first and the second time, and a student's server from a click to usable."""

import tempfile
import time
from pathlib import Path

from tests.e2e.hub import RunningHub, write_semester
from tests.security.shell import shell_of

IS_CLIENT = True  # this process measures others, so it must have time left


def run(report) -> None:
    """Compare with the promises of `make serve`: under 4 minutes the first time, under 15 seconds after that."""
    with tempfile.TemporaryDirectory() as scratch:
        semester = write_semester(Path(scratch) / "semester", "tensor")
        hub = RunningHub("local", Path(scratch) / "var", extra={"HUB_SEMESTER": str(semester)})
        report.measure("first start, environments built before", _seconds(hub.start), "s", wanted="<= 240")
        hub.stop()
        report.measure("second start", _seconds(hub.start), "s", wanted="<= 15")
        try:
            password = hub.passwords()["ada"]
            report.measure("server, from login to usable", _seconds(lambda: shell_of(hub.url, "ada", password)), "s")
        finally:
            report.measure("stop", _seconds(hub.stop), "s")


def _seconds(act) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
