"""Submit a student's folder: choose the declared files, send them, keep the receipt, and say plainly what is known.

The student is told which of three things is true: the work has arrived (there is a receipt), it has not, or nobody
knows. In the last case it is safe to submit again: the same files carry the same key, and the service answers with the
receipt of the first arrival.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from exchange.client.connection import Unreachable
from exchange.client.exchange_client import ExchangeClient
from exchange.client.receipts import ReceiptFolder
from exchange.client.transfer import Outgoing, list_folder, pack
from exchange.client.upload_check import check_before_upload, is_worth_asking
from exchange.protocol.models import Assignment, Refused, SignedReceipt
from exchange.protocol.paths import is_ignored, matches, normalise

MOST_NAMED = 3  # files in a message


@dataclass(frozen=True)
class Submitted:
    """What arrived, where its receipt is (None if the home is full), which files of the folder were not sent or
    were missing, and which outputs graders will not see.
    """

    signed: SignedReceipt
    receipt_path: Path | None
    left_out: list[str]
    missing: list[str]
    cut: list[str]


@dataclass(frozen=True)
class Choice:
    """Which files of a folder belong to an assignment."""

    paths: list[str]
    left_out: list[str]
    missing: list[str]


def choose_files(assignment: Assignment, folder: Path) -> Choice:
    """Choose the files that the assignment declares; list those that are left out and the released notebooks that are
    missing.
    """
    released = [f.path for f in assignment.files]
    present = [p for p in list_folder(folder) if not is_ignored(p)]
    chosen = [p for p in present if normalise(p) in released or matches(normalise(p), assignment.accepts)]
    sent = {normalise(p) for p in chosen}
    missing = [p for p in released if p.endswith(".ipynb") and p not in sent]
    return Choice(chosen, [p for p in present if p not in chosen], missing)


def submit_folder(
    client: ExchangeClient,
    course: str,
    assignment: str,
    folder: Path,
    receipts: ReceiptFolder,
    strict: bool = False,
    warn: Callable[[str], object] = lambda _: None,
) -> Submitted:
    """Submit a folder's declared files. Raise Refused with what is known about the arrival.

    `warn` is called before the upload, with the outputs that are too large for graders to see.
    """
    if not folder.is_dir():
        remedy = f"run this in the folder that contains {assignment}, or fetch it: tito fetch {assignment}"
        raise Refused("there is no such folder", str(folder), remedy)
    choice = choose_files(client.assignment(course, assignment), folder)
    if choice.missing and (strict or not choice.paths):
        value, remedy = ", ".join(choice.missing), "save it in the folder"
        if renamed := [path for path in choice.left_out if path.endswith(".ipynb")]:
            value += f", but the folder has {', '.join(renamed[:MOST_NAMED])}"
            remedy = f"if that is your work, rename it to {choice.missing[0]}"
        raise _not_arrived(Refused("a released notebook is missing", value, remedy))
    outgoing = pack(folder, choice.paths)
    cut = _check_sizes(client, course, outgoing, warn)
    signed = _send(client, course, assignment, outgoing, receipts)
    return Submitted(signed, _keep(signed, receipts, cut), choice.left_out, choice.missing, cut)


def _check_sizes(client: ExchangeClient, course: str, outgoing: Outgoing, warn: Callable[[str], object]) -> list[str]:
    if not is_worth_asking(outgoing):
        return []
    try:
        large = check_before_upload(outgoing, client.course(course).limits)
    except Refused as error:
        raise _not_arrived(error) from error
    for notebook in large:
        warn(notebook.words)
    return [line for notebook in large for line in notebook.lines]


def _keep(signed: SignedReceipt, receipts: ReceiptFolder, cut: list[str]) -> Path | None:
    try:
        path = receipts.save(signed, cut)
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
    return Refused(f"Your work has NOT arrived, because {error.rule}", error.value, error.remedy, error.status)


def _unknown(error: Refused) -> Refused:
    remedy = "submit again when the exchange answers: that is safe and never counts twice"
    rule = f"It is NOT KNOWN whether your work has arrived, because {error.rule}"
    return Refused(rule, error.value, remedy, error.status)
