"""Submit a student's folder: choose the declared files, send them, keep the receipt, and say plainly what is known.

One of three things is true afterwards and is said: it has arrived (a receipt), it has not, or it is not known. In the
last case submitting again is safe: the same files carry the same key, and the service answers with the receipt of the
first arrival.
"""

from dataclasses import dataclass
from pathlib import Path

from exchange.client.connection import Unreachable
from exchange.client.exchange_client import ExchangeClient
from exchange.client.receipts import ReceiptFolder
from exchange.client.transfer import Outgoing, list_folder, pack
from exchange.protocol.models import Assignment, Refused, SignedReceipt
from exchange.protocol.paths import is_ignored, matches, normalise


@dataclass(frozen=True)
class Submitted:
    """What arrived, where its receipt lies (None if the home is full), and which files of the folder were not sent or
    were missing.
    """

    signed: SignedReceipt
    receipt_path: Path | None
    left_out: list[str]
    missing: list[str]


@dataclass(frozen=True)
class Choice:
    """Which files of a folder belong to an assignment."""

    paths: list[str]
    left_out: list[str]
    missing: list[str]


def choose_files(assignment: Assignment, folder: Path) -> Choice:
    """Choose the files that the assignment declares; name those that are left out and the released notebooks that are
    missing.
    """
    released = [f.path for f in assignment.files]
    present = [p for p in list_folder(folder) if not is_ignored(p)]
    chosen = [p for p in present if normalise(p) in released or matches(normalise(p), assignment.accepts)]
    sent = {normalise(p) for p in chosen}
    missing = [p for p in released if p.endswith(".ipynb") and p not in sent]
    return Choice(chosen, [p for p in present if p not in chosen], missing)


def submit_folder(
    client: ExchangeClient, course: str, assignment: str, folder: Path, receipts: ReceiptFolder, strict: bool = False
) -> Submitted:
    """Submit a folder's declared files. Raise Refused with what is known about the arrival."""
    if not folder.is_dir():
        remedy = f"run it where the folder {assignment} lies, or fetch it: tito fetch {assignment}"
        raise Refused("an assignment is submitted from its folder", str(folder), remedy)
    choice = choose_files(client.assignment(course, assignment), folder)
    if choice.missing and (strict or not choice.paths):
        raise _not_arrived(
            Refused("a submission has every released notebook", f"without {', '.join(choice.missing)}", "save it there")
        )
    outgoing = pack(folder, choice.paths)
    signed = _send(client, course, assignment, outgoing, receipts)
    return Submitted(signed, _keep(signed, receipts), choice.left_out, choice.missing)


def _keep(signed: SignedReceipt, receipts: ReceiptFolder) -> Path | None:
    try:
        path = receipts.save(signed)
    except OSError:
        return None  # a full home: the exchange keeps the receipt too
    receipts.answered(signed.receipt.course, signed.receipt.assignment)
    return path


def _send(
    client: ExchangeClient, course: str, assignment: str, outgoing: Outgoing, receipts: ReceiptFolder
) -> SignedReceipt:
    key = receipts.key_for(course, assignment, outgoing.files)
    try:
        return client.submit(course, assignment, outgoing, key)
    except Unreachable as error:
        raise (_unknown(error) if error.sent else _not_arrived(error)) from error
    except Refused as error:
        receipts.answered(course, assignment)
        raise _not_arrived(error) from error


def _not_arrived(error: Refused) -> Refused:
    return Refused(f"Your work has NOT arrived. {error.rule}", error.value, error.remedy, error.status)


def _unknown(error: Refused) -> Refused:
    remedy = "submit again when the exchange answers: that is safe and never counts twice"
    return Refused(
        "It is NOT KNOWN whether your work has arrived. The exchange answers", error.value, remedy, error.status
    )
