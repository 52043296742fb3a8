"""The power fails at 500 moments while the exchange starts for the first time, takes submissions, stops and restarts.

Every write, sync and rename is recorded with strace. For each moment, five states of the disk are tried (of what was
not synced, nothing, everything, only the names, or one of two random choices survives): the exchange starts on it,
`fsck` checks and repairs it, and every receipt that a student may have received is looked for. The limits are counts,
not times: no promise may be broken, and leaving out any kind of sync must be noticed. The cost of durability is also
reported: syncs per receipt.
"""

import tempfile
from pathlib import Path

from tests.exchange.power_cut.cuts import cut, moments, without
from tests.exchange.power_cut.life import Recording, recorded
from tests.exchange.power_cut.recorded import Sync
from tests.exchange.test_power_cut import FORGOTTEN

STUDENTS, CUTS = 40, 500


def run(report) -> None:
    """Record once, cut the power often."""
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
    """Count from the first receipt after the second start to the last, when there are only submissions."""
    given = [moment for moment, _ in recording.receipts][STUDENTS:]
    syncs = [step for step in recording.account.steps if isinstance(step, Sync) and given[0] < step.ended <= given[-1]]
    return len(syncs) / (len(given) - 1)
