"""Cut the power at many moments of a recording, start on what the disk then holds, and check that promises were kept.

    recording = recorded(place, submissions=40)
    assert not cut(recording, moments(recording, 500)).faults

`without(recording, is_left_out)` is the same recording with some syncs left out, so that faults must be found.
"""

import base64
import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from exchange.protocol.bundle import decode_manifest
from exchange.protocol.models import Refused, SignedReceipt
from exchange.protocol.receipt import verify
from exchange.service import fsck
from exchange.service.app import build_service
from exchange.service.commands import only_process
from exchange.service.context import Service
from exchange.service.keyring import ACTIVE_KEY
from exchange.service.settings import Settings, from_environment
from exchange.service.submissions import signed
from exchange.service.tables import submissions
from tests.exchange.power_cut.disk import Disk, Held, Luck, lucks
from tests.exchange.power_cut.life import BACKUP, DATA, Recording, quick_folder
from tests.exchange.power_cut.recorded import Sync

JUST_AFTER_A_RECEIPT = 1 / 3  # share of all cuts: at these moments most is promised and least is synced
FIRST_START = 1 / 10


@dataclass(frozen=True)
class Fault:
    """A promise that was broken on a disk."""

    moment: int
    luck: str
    said: str

    def __str__(self) -> str:
        return f"cut at {self.moment}, of what was not synced {self.luck} survives: {self.said}"


@dataclass
class Outcome:
    """How many disks were tried, how many receipts were looked for on them, and what was missing."""

    moments: int = 0
    disks: int = 0
    receipts: int = 0
    faults: list[Fault] = field(default_factory=list)


def moments(recording: Recording, count: int, seed: int = 0) -> list[int]:
    """Choose when the power fails: some moments in the first start, many right after a receipt, the rest anywhere."""
    chance = random.Random(seed)
    given = [moment for moment, _ in recording.receipts]
    chosen = [chance.randrange(given[0]) for _ in range(round(count * FIRST_START))]
    chosen += [chance.choice(given) for _ in range(round(count * JUST_AFTER_A_RECEIPT))]
    chosen += [chance.randrange(given[0], recording.account.last + 2) for _ in range(count - len(chosen))]
    return chosen


def cut(recording: Recording, chosen: list[int]) -> Outcome:
    """Cut at these moments; try a disk only once if content and promises are the same."""
    outcome, seen = Outcome(moments=len(chosen)), set()
    for moment, luck, held in disks(recording, chosen):
        promised = recording.given_at(moment), recording.backups_at(moment)
        if (state := (_digest(held), len(promised[0]), len(promised[1]))) in seen:
            continue
        seen.add(state)
        with quick_folder() as place:
            held.write(place)
            outcome.faults += [Fault(moment, luck.name, said) for said in look(place, *promised)]
        outcome.disks += 1
        outcome.receipts += len(promised[0])
    return outcome


def disks(recording: Recording, chosen: list[int]) -> Iterator[tuple[int, Luck, Held]]:
    """Yield what the disk holds after each cut, for each choice of what survives."""
    disk = Disk(recording.account)
    for number, moment in enumerate(sorted(chosen)):
        disk.run_to(moment)
        for luck in lucks(number):
            yield moment, luck, disk.held(luck)


def without(recording: Recording, is_left_out: Callable[[Sync], bool]) -> Recording:
    """Return the recording with some syncs left out."""
    steps = [step for step in recording.account.steps if not (isinstance(step, Sync) and is_left_out(step))]
    return replace(recording, account=replace(recording.account, steps=steps))


def _digest(held: Held) -> bytes:
    digest = hashlib.sha256("\0".join(sorted(held.folders)).encode())
    for path in sorted(held.files):
        digest.update(path.encode() + b"\0" + hashlib.sha256(held.files[path]).digest())
    return digest.digest()


def look(place: Path, receipts: list[SignedReceipt], backups: list[str]) -> Iterator[str]:
    """Start the exchange on a disk; yield the promises that were broken."""
    settings = from_environment({}, data=place / DATA, reserve_bytes=0)
    try:
        with only_process(settings.data):
            service = build_service(settings)
            service.blobs.clear_incoming()
            try:
                yield from _look_at(service, settings, receipts)
            finally:
                service.database.close()
    except (Refused, SQLAlchemyError, OSError) as error:
        yield f"it does not start: {type(error).__name__}: {error}"
    for digest in backups:
        file = place / BACKUP
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            yield "a backup that was told of is not there"


def _look_at(service: Service, settings: Settings, receipts: list[SignedReceipt]) -> Iterator[str]:
    yield from fsck.check(service.database, service.blobs).damage
    fsck.sweep(service.database, service.blobs, settings, older_than_seconds=-1)
    if (report := fsck.check(service.database, service.blobs)).damage or report.orphans:
        yield f"fsck does not mend it: {report}"
    with service.database.read() as connection:
        rows = {row.id: row for row in connection.execute(select(submissions))}
        active = connection.execute(select(ACTIVE_KEY)).scalar_one()
    keys = {key.key_id: key.public_key for key in service.keyring.public_keys()}
    for given in receipts:
        yield from _look_for(given, rows, keys)
    _sign_once_more(service, active, receipts)


def _look_for(given: SignedReceipt, rows: dict[str, Any], keys: dict[str, str]) -> Iterator[str]:
    """Check that the submission of a receipt exists and matches it; fsck has checked that its blob is whole."""
    receipt, row = given.receipt, rows.get(given.receipt.submission)
    who = f"{receipt.student}, attempt {receipt.attempt}"
    if row is None:
        yield f"a submission with a receipt is not there: {who}"
    elif signed(row) != given or decode_manifest(row.manifest.encode()) != receipt.files:
        yield f"a submission is not what its receipt says: {who}"
    if receipt.key_id not in keys:
        yield f"nothing verifies a receipt: {who}"
    else:
        verify(given, base64.b64decode(keys[receipt.key_id]))


def _sign_once_more(service: Service, key_id: str, receipts: list[SignedReceipt]) -> None:
    """Raise Refused if the next submission would get no valid receipt."""
    for given in receipts[-1:]:
        again = service.keyring.sign(replace(given.receipt, key_id=key_id))
        key = next(each for each in service.keyring.public_keys() if each.key_id == key_id)
        verify(again, base64.b64decode(key.public_key))
