"""`tito fetch|submit|feedback`: the course's releases in, a student's work out, feedback back in."""

import time
from pathlib import Path

import click

from exchange.client import ExchangeClient, ReceiptFolder, submit_folder
from exchange.client.fetching import Fetched, fetch_feedback_folder
from exchange.protocol.models import Assignment, Receipt, Submission, parse_utc
from tito.errors import TitoError
from tito.history.keeping import keep_notebook
from tito.student.answers import answer, as_json_option
from tito.student.exchange_door import all_mine, describe_result, exchange, folder_of, lateness, slug_of
from tito.student.fetching import fetch_one, offered
from tito.workspace import Workspace

# nbgrader's own format, so that its lists find feedback that tito fetched.
NBGRADER_TIME = "%Y-%m-%d %H:%M:%S.%f UTC"
WAIT_STEP_SECONDS = 2.0


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--released", is_flag=True, help="Fetch everything that is released.")
@click.option("--quiet", is_flag=True, help="Print nothing unless something goes wrong.")
@as_json_option
def fetch(names: tuple[str, ...], released: bool, quiet: bool, as_json: bool) -> int:
    """Fetch released modules. What you have is never overwritten; only files that you lack are added.

    \b
    Examples:
      tito fetch tensor
      tito fetch --released
    """
    if bool(names) == released:
        raise click.UsageError("name a module, or use --released")
    workspace, wanted = Workspace.here(), [slug_of(name) for name in names]
    done: dict[str, Fetched | None] = {}
    with exchange() as (client, course):
        for assignment in _choose(offered(client, course), wanted):
            done[assignment.id] = fetch_one(client, workspace, assignment)
    if not quiet:
        facts = {slug: {"written": f.written if f else [], "kept": f.kept if f else []} for slug, f in done.items()}
        lines = [_say_fetched(workspace, slug, f) for slug, f in done.items()]
        answer(as_json, {"fetched": facts}, *(lines or ["Nothing is released yet."]))
    return 0


def _choose(released: list[Assignment], wanted: list[str]) -> list[Assignment]:
    by_id = {a.id: a for a in released}
    missing = [slug for slug in wanted if slug not in by_id]
    if missing:
        known = ", ".join(by_id) or "nothing yet"
        raise TitoError(f"not released: {', '.join(missing)}. Released: {known}.")
    return [by_id[slug] for slug in wanted] if wanted else released


def _say_fetched(workspace: Workspace, slug: str, fetched: Fetched | None) -> str:
    folder = workspace.show(folder_of(workspace, slug))
    if fetched is None:
        return f"{slug}: you already have it, in {folder}"
    if fetched.corrected:
        return (
            f"{slug}: the course has released a corrected version; your files in {folder} were kept. "
            f"'tito module update {slug}' takes the correction into your notebook and keeps your answers."
        )
    return f"{slug}: fetched {', '.join(fetched.written)} into {folder}" if fetched.written else f"{slug}: {folder}"


@click.command()
@click.argument("name")
@click.option("--strict", is_flag=True, help="Refuse to submit if a released notebook is missing.")
@click.option(
    "--wait", "wait_seconds", type=click.FloatRange(0, 600), default=0.0, help="Wait for the quick check.  [0]"
)
@as_json_option
def submit(name: str, strict: bool, wait_seconds: float, as_json: bool) -> int:
    """Submit a module, as it is saved, and keep the receipt. Submit as often as the course allows.

    \b
    Examples:
      tito submit tensor
      tito submit tensor --wait 60
    """
    workspace, slug = Workspace.here(), slug_of(name)
    keep_notebook(workspace, slug, "before submitting")
    with exchange(patience_seconds=60.0) as (client, course):
        done = submit_folder(client, course, slug, folder_of(workspace, slug), ReceiptFolder(), strict, _warn)
        result = _wait_for_result(client, course, done.signed.receipt.submission, wait_seconds)
    receipt = done.signed.receipt
    facts = {"module": slug, "submission": receipt.submission, "attempt": receipt.attempt, "late": receipt.late}
    facts |= {"received_at": receipt.received_at, "receipt": str(done.receipt_path), "left_out": done.left_out}
    facts |= {"missing": done.missing, "cut": done.cut, "quick_check": result}
    answer(
        as_json,
        facts,
        f"Your work has arrived: {slug}, attempt {receipt.attempt}, {_in_time(receipt)}.",
        _say_receipt(workspace, done.receipt_path),
        f"Not sent, because the module does not declare them: {', '.join(done.left_out)}" if done.left_out else "",
        f"Missing: {', '.join(done.missing)}" if done.missing else "",
        *(f"Cut for graders: {line}" for line in done.cut),
        f"Quick check: {result}" if result else f"'tito receipt show {slug}' shows the quick check in a minute.",
    )
    return 0


def _warn(text: str) -> None:
    click.echo(text, err=True)


def _in_time(receipt: Receipt) -> str:
    return lateness(receipt.late, receipt.lateness_seconds)


def _say_receipt(workspace: Workspace, path: Path | None) -> str:
    full = "Your home is full, so the receipt was not saved there; the exchange keeps it."
    return f"Receipt: {workspace.show(path)}" if path else full


def _wait_for_result(client: ExchangeClient, course: str, submission: str, seconds: float) -> str | None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if text := describe_result(client.submission(course, submission)):
            return text
        time.sleep(min(WAIT_STEP_SECONDS, max(0.0, until - time.monotonic())))
    return None


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@as_json_option
def feedback(names: tuple[str, ...], as_json: bool) -> int:
    """Fetch the feedback on your submissions, for some modules or for all.

    \b
    Examples:
      tito feedback tensor
      tito feedback
    """
    workspace, wanted = Workspace.here(), {slug_of(name) for name in names}
    pages: dict[str, list[str]] = {}
    waiting: list[str] = []
    unread: dict[str, str] = {}
    with exchange() as (client, course):
        for submission in all_mine(client, course):
            if wanted and submission.assignment not in wanted:
                continue
            if submission.feedback_at is None:
                waiting += [submission.assignment] if submission.counts else []
                continue
            target = _feedback_folder(workspace, submission)
            fetch_feedback_folder(client, submission, target)
            pages.setdefault(submission.assignment, []).extend(str(target / f.path) for f in submission.feedback)
            if submission.result and submission.result.detail.get("unread_answers"):
                unread[submission.assignment] = submission.result.summary
    lines = [f"{slug}: {workspace.show(Path(page))}" for slug, found in pages.items() for page in found]
    lines += [f"{slug}: {words}" for slug, words in unread.items()]
    lines += [f"{slug}: no feedback yet" for slug in sorted(set(waiting) - set(pages))]
    facts = {"feedback": pages, "waiting": sorted(set(waiting)), "still_to_be_read": unread}
    answer(as_json, facts, *(lines or ["You have not submitted anything yet."]))
    return 0


def _feedback_folder(workspace: Workspace, submission: Submission) -> Path:
    moment = parse_utc(submission.received_at).strftime(NBGRADER_TIME)
    return folder_of(workspace, submission.assignment) / "feedback" / moment
