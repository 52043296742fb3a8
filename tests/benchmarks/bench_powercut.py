"""The power goes at 500 moments while the exchange starts for the first time, takes submissions, stops, starts again.

Every write, sync and rename is recorded with strace; of what a disk may then hold, five cases are tried for each moment
(nothing, all, only the names, and two by chance of what was not synced survive): the exchange starts on it, `fsck`
looks and mends, and every receipt that a student may have had is looked for. Bounded are counts, not times: no
promise may be broken, and each kind of sync, left out, must be found to be missing. Also told is what durability costs:
syncs for each receipt.
"""

import tempfile
from pathlib import Path

from tests.exchange.power_cut.cuts import cut, moments, without
from tests.exchange.power_cut.life import Recording, recorded
from tests.exchange.power_cut.recorded import Sync
from tests.exchange.test_power_cut import FORGOTTEN

STUDENTS, CUTS = 40, 500


def run(report) -> None:
    """Record once, cut often."""
    with tempfile.TemporaryDirectory(prefix="bench-powercut-") as folder:
        recording = recorded(Path(folder), STUDENTS)
    outcome = cut(recording, moments(recording, CUTS))
    for fault in outcome.faults[:10]:
        print(fault)
    report.measure("broken promises", len(outcome.faults), "", wanted="<= 0")
    report.measure("moments at which the power went", outcome.moments, "", wanted=f">= {CUTS}")
    report.measure("different disks that it started on", outcome.disks, "", wanted=f">= {CUTS}")
    report.measure("receipts looked for on them", outcome.receipts, "", wanted=f">= {CUTS}")
    report.measure("syncs for each receipt", _syncs_per_receipt(recording), "")
    found = [name for name, (is_left_out, _) in FORGOTTEN.items() if _is_found(recording, is_left_out)]
    report.measure("kinds of syncs that are missed when left out", len(found), "", wanted=f">= {len(FORGOTTEN)}")


def _is_found(recording: Recording, is_left_out) -> bool:
    return bool(cut(without(recording, is_left_out), [recording.account.last]).faults)


def _syncs_per_receipt(recording: Recording) -> float:
    """Count from the first receipt of the second start to the last: submissions alone."""
    given = [moment for moment, _ in recording.receipts][STUDENTS:]
    syncs = [step for step in recording.account.steps if isinstance(step, Sync) and given[0] < step.ended <= given[-1]]
    return len(syncs) / (len(given) - 1)
