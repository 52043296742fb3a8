"""`tito receipt list|show|verify`: proof that work has arrived, when it did, and that it was this work."""

import base64
import json
from pathlib import Path

import click

from exchange.client import ExchangeClient, ReceiptFolder
from exchange.client.receipts import load, outputs_cut
from exchange.protocol.models import PublicKey, Receipt, Refused, SignedReceipt, Submission, from_plain, plain
from exchange.protocol.receipt import differences, key_id_of
from exchange.protocol.receipt import verify as verify_signature
from tito.errors import TitoError
from tito.student.answers import answer, as_json_option
from tito.student.exchange_door import all_mine, describe_result, exchange, lateness, slug_of
from tito.student.tables import print_table


@click.command("list")
@click.option("--offline", is_flag=True, help="Show only what is kept in your home.")
@as_json_option
def list_receipts(offline: bool, as_json: bool) -> int:
    """List the receipts of your submissions, and which attempt counts; missing ones are fetched into your home.

    \b
    Examples:
      tito receipt list
      tito receipt list --offline --json
    """
    folder, known = ReceiptFolder(), {}
    if not offline:
        with exchange() as (client, course):
            known = {s.id: s for s in all_mine(client, course)}
            _save_missing(client, folder, known)
    receipts = [signed.receipt for _, signed in folder.saved()]
    if as_json:
        counts = {s.id for s in known.values() if s.counts}
        rows = [plain(r) | {"counts": r.submission in counts if known else None} for r in receipts]
        click.echo(json.dumps({"receipts": rows}, ensure_ascii=False))
        return 0
    if not receipts:
        click.echo("No receipts: you have not submitted anything yet.")
        return 0
    headers = ["module", "attempt", "received (UTC)", "in time", "counts", "check"]
    print_table(headers, [_row(receipt, known.get(receipt.submission)) for receipt in receipts])
    return 0


def _row(receipt: Receipt, known: Submission | None) -> list[str]:
    received = receipt.received_at[:19].replace("T", " ")
    return [receipt.assignment, str(receipt.attempt), received, _in_time(receipt, known), *_state(known)]


def _in_time(receipt: Receipt, known: Submission | None) -> str:
    """Say what applies now, if the exchange tells us, and what the receipt says."""
    then = lateness(receipt.late, receipt.lateness_seconds)
    if known is None:
        return f"{then} when received"
    now = lateness(known.late, known.lateness_seconds)
    return now if now == then else f"{now} (when received: {then})"


def _save_missing(client: ExchangeClient, folder: ReceiptFolder, known: dict[str, Submission]) -> None:
    saved = {signed.receipt.submission for _, signed in folder.saved()}
    for submission in known.values():
        if submission.id not in saved:
            folder.save(client.receipt(submission.course, submission.id))


def _state(submission: Submission | None) -> list[str]:
    if submission is None:
        return ["", ""]
    return ["yes" if submission.counts else "no", describe_result(submission) or ""]


@click.command()
@click.argument("name")
@click.option("--attempt", type=click.IntRange(1), help="Which attempt.  [the last]")
@as_json_option
def show(name: str, attempt: int | None, as_json: bool) -> int:
    """Show one receipt: when which files arrived, and what the quick check found.

    \b
    Examples:
      tito receipt show tensor
      tito receipt show tensor --attempt 1
    """
    slug = slug_of(name)
    path, signed = _find(slug, attempt)
    receipt, known = signed.receipt, _ask(signed)
    found = describe_result(known) if known else None
    now = {"late": known.late, "lateness_seconds": known.lateness_seconds, "due_at": known.due_at} if known else None
    answer(
        as_json,
        plain(signed) | {"path": str(path), "check": found, "now": now, "cut": outputs_cut(path)},
        f"{receipt.assignment}, attempt {receipt.attempt}, of {receipt.student} in {receipt.course}",
        f"received {receipt.received_at}; due at that time: {receipt.due_at or 'never'}",
        _in_time(receipt, known),
        *(f"  {f.path}  {f.size} bytes  SHA-256 {f.sha256}" for f in receipt.files),
        *(f"  cut for graders: {line}" for line in outputs_cut(path)),
        f"submission {receipt.submission}, signed with key {receipt.key_id}",
        found or "",
        f"kept in {path}",
    )
    return 0


def _find(slug: str, attempt: int | None) -> tuple[Path, SignedReceipt]:
    mine = [(p, s) for p, s in ReceiptFolder().saved() if s.receipt.assignment == slug]
    chosen = [(p, s) for p, s in mine if attempt in (None, s.receipt.attempt)]
    if not chosen:
        attempts = ", ".join(str(s.receipt.attempt) for _, s in mine) or "none"
        raise TitoError(f"no such receipt for {slug}; attempts kept here: {attempts}. Try 'tito receipt list'.")
    return chosen[-1]


def _ask(signed: SignedReceipt) -> Submission | None:
    try:
        with exchange(patience_seconds=3.0) as (client, _):
            return client.submission(signed.receipt.course, signed.receipt.submission)
    except TitoError:
        return None  # the receipt can be shown without the exchange


@click.command()
@click.argument("name_or_file")
@click.option("--key", "key_file", type=click.Path(path_type=Path), help="File with the exchange's public keys.")
@click.option("--folder", type=click.Path(path_type=Path), help="Also compare with the files in this folder.")
@click.option("--attempt", type=click.IntRange(1), help="Which attempt of a module.  [the last]")
@as_json_option
def verify(name_or_file: str, key_file: Path | None, folder: Path | None, attempt: int | None, as_json: bool) -> int:
    """Verify a receipt anywhere, with only the exchange's public key and without the exchange.

    The keys come from --key (what `python -m exchange public-key` prints), or are fetched once and kept next to the
    receipts.

    \b
    Examples:
      tito receipt verify tensor
      tito receipt verify receipt.json --key exchange.pub --folder tensor
    """
    path, signed = _given(name_or_file, attempt)
    keys = _read_keys(key_file) if key_file else _known_keys(signed.receipt.key_id)
    key = next((k for k in keys if k.key_id == signed.receipt.key_id), None)
    try:
        if key is None:
            raise Refused(
                f"the receipt was signed with a key that is not here, {signed.receipt.key_id}",
                f"keys {', '.join(k.key_id for k in keys) or 'none'}",
                "ask the course for the public key of that id",
            )
        verify_signature(signed, base64.b64decode(key.public_key))
    except Refused as error:
        raise TitoError(f"NOT valid: {error}") from error
    changed = differences(signed, folder) if folder else []
    answer(
        as_json,
        {"valid": True, "receipt": str(path), "key": key.key_id, "differences": changed},
        f"Valid: {signed.receipt.student} submitted {signed.receipt.assignment} at {signed.receipt.received_at} "
        f"(attempt {signed.receipt.attempt}, {lateness(signed.receipt.late, signed.receipt.lateness_seconds)} then).",
        *(f"  {line}" for line in changed),
        f"The files in {folder} are those that were submitted." if folder and not changed else "",
    )
    return 1 if changed else 0


def _given(name_or_file: str, attempt: int | None) -> tuple[Path, SignedReceipt]:
    path = Path(name_or_file)
    if path.suffix != ".json":
        return _find(slug_of(name_or_file), attempt)
    try:
        return path, load(path)
    except Refused as error:
        raise TitoError(str(error)) from error


def _read_keys(path: Path) -> list[PublicKey]:
    try:
        keys = from_plain(list[PublicKey], json.loads(path.read_text()))
        for key in keys:
            if key_id_of(base64.b64decode(key.public_key)) != key.key_id:
                raise ValueError(f"key {key.key_id} does not match its id")
        return keys
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TitoError(
            f"{path} is not what `python -m exchange public-key` prints: {error}. Ask the course for its public keys."
        ) from error


def _known_keys(key_id: str) -> list[PublicKey]:
    cache = ReceiptFolder().folder / "keys.json"
    known = _read_keys(cache) if cache.is_file() else []
    if any(key.key_id == key_id for key in known):
        return known
    with exchange() as (client, _):
        keys = client.keys()
    # A key that was seen once stays known: a receipt must not lose its proof because the exchange forgets.
    keys += [key for key in known if key.key_id not in {k.key_id for k in keys}]
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text(json.dumps([plain(key) for key in keys], indent=2) + "\n")
    return keys
