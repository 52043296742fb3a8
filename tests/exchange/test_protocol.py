"""The protocol without a service: names, bundles, receipts and the rules of time."""

import base64
import hashlib
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from exchange.protocol.bundle import BundleReader, decode_manifest, encode_manifest
from exchange.protocol.models import (
    AssignmentSettings,
    Extension,
    FileInfo,
    Receipt,
    Refused,
    SignedReceipt,
    from_plain,
    parse_utc,
    plain,
    utc_text,
)
from exchange.protocol.paths import check_identifier, check_path, check_person, is_ignored, matches
from exchange.protocol.receipt import canonical, differences, key_id_of, read_receipt, verify
from exchange.protocol.schedule import schedule_of
from exchange.service.choice import choose
from exchange.service.policy import free_at

DUE = "2026-11-20T12:00:00.000000Z"


@given(st.text(max_size=40))
def test_accepted_paths_stay_in_their_folder(path: str) -> None:
    """Any accepted text names a file strictly below its folder."""
    try:
        check_path(path)
    except Refused:
        return
    folder = Path("/somewhere/safe")
    assert (folder / path).resolve().is_relative_to(folder)
    assert (folder / path).resolve() != folder


@pytest.mark.parametrize("path", ["tensor.ipynb", "plots/loss curve.png", "über.ipynb", "a/b/c.csv", "数据.csv"])
def test_ordinary_paths_are_accepted(path: str) -> None:
    """Letters of any language, inner spaces and folders are allowed."""
    assert check_path(path) == path


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "-x", "a/b", "a..b", "x" * 101, "ä"])
def test_identifiers_are_plain(name: str) -> None:
    """Course and assignment ids that are unsafe as folder names or in addresses are refused."""
    with pytest.raises(Refused):
        check_identifier("course", name)


@pytest.mark.parametrize("name", ["", "..", ".x", "a/b", "a\\b", "a+b", "a*", "a\nb", " a", "a\u202eb"])
def test_persons_are_safe_folder_names(name: str) -> None:
    """nbgrader uses students' names as folder names, so unsafe ones are refused."""
    with pytest.raises(Refused):
        check_person(name)


def test_patterns_do_not_cross_folders() -> None:
    """`*.png` matches a picture next to the notebook, not one in a subfolder."""
    assert [matches(p, ["*.png", "plots/*"]) for p in ("a.png", "x/a.png", "plots/b.csv")] == [True, False, True]
    assert [is_ignored(p) for p in (".ipynb_checkpoints/a.ipynb", "a.pyc", "tensor.ipynb")] == [True, True, False]


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=6), st.integers(1, 64))
def test_bundles_arrive_as_they_were_sent(contents: list[bytes], step: int) -> None:
    """A bundle is read correctly however its bytes are divided."""
    files = [FileInfo(f"f{i}.bin", len(c), hashlib.sha256(c).hexdigest()) for i, c in enumerate(contents)]
    data, out, seen = encode_manifest(files) + b"".join(contents), bytearray(), []
    reader = BundleReader(seen.append, out.extend)
    for i in range(0, len(data), step):
        reader.feed(data[i : i + step])
    assert (reader.finish(), bytes(out), seen) == (files, b"".join(contents), [files])


@given(st.binary(min_size=1, max_size=100), st.data())
def test_a_changed_byte_is_always_noticed(content: bytes, data: st.DataObject) -> None:
    """A bundle with any changed byte is refused, or has another declaration; changed content is always refused."""
    files = [FileInfo("f.bin", len(content), hashlib.sha256(content).hexdigest())]
    head = encode_manifest(files)
    bundle = bytearray(head + content)
    place = data.draw(st.integers(0, len(bundle) - 1))
    bundle[place] ^= data.draw(st.integers(1, 255))
    reader = BundleReader(lambda _: None, lambda _: None)
    try:
        reader.feed(bundle)
        received = reader.finish()
    except Refused as refused:
        assert place < len(head) or "differs from its declaration" in refused.rule
    else:
        assert place < len(head) and received != files


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Decoding any bytes as a declaration gives files or a Refused, and no other error."""
    try:
        files = decode_manifest(data)
    except Refused:
        return
    assert all(isinstance(f, FileInfo) for f in files)


# Receipts


def make_receipt() -> tuple[SignedReceipt, bytes]:
    """Sign a receipt as the service does."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    files = [FileInfo("tensor.ipynb", 4, hashlib.sha256(b"mine").hexdigest())]
    receipt = Receipt("ab" * 16, "tiny", "tensor", "ada", 1, DUE, DUE, False, 0, files, key_id_of(public))
    return SignedReceipt(receipt, base64.b64encode(private.sign(canonical(receipt))).decode()), public


CHANGES = {
    "student": "mallory",
    "assignment": "layers",
    "course": "other",
    "attempt": 2,
    "received_at": "2026-11-19T12:00:00.000000Z",
    "due_at": None,
    "late": True,
    "lateness_seconds": 1,
    "submission": "cd" * 16,
    "files": [],
    "version": 2,
}


def test_receipt_verifies_with_the_public_key_alone() -> None:
    """It also verifies after a round trip through JSON."""
    signed, public = make_receipt()
    verify(signed, public)
    assert read_receipt(plain(signed)) == signed
    verify(read_receipt(plain(signed)), public)


@pytest.mark.parametrize("name", CHANGES)
def test_changed_receipts_are_not_valid(name: str) -> None:
    """Changing any field invalidates the signature."""
    signed, public = make_receipt()
    with pytest.raises(Refused, match="signature"):
        verify(replace(signed, receipt=replace(signed.receipt, **{name: CHANGES[name]})), public)  # type: ignore[arg-type]


def test_another_key_or_broken_signature_is_refused() -> None:
    """Another key, a signature that is not base64 and malformed receipts are refused."""
    signed, public = make_receipt()
    with pytest.raises(Refused, match="not the key that signed the receipt"):
        verify(signed, make_receipt()[1])
    with pytest.raises(Refused, match="signature"):
        verify(replace(signed, signature="not base64 !"), public)
    for broken in ({}, {"receipt": {}}, {"receipt": {"files": 3}, "signature": ""}, {"receipt": plain(signed.receipt)}):
        with pytest.raises(Refused):
            read_receipt(broken)


def test_differences_from_what_was_submitted(tmp_path: Path) -> None:
    """Missing and changed files are named."""
    signed, _ = make_receipt()
    assert differences(signed, tmp_path) == ["tensor.ipynb: missing"]
    (tmp_path / "tensor.ipynb").write_text("mine")
    assert differences(signed, tmp_path) == []
    (tmp_path / "tensor.ipynb").write_text("other")
    assert differences(signed, tmp_path) == ["tensor.ipynb: changed since it was submitted"]


def test_models_go_through_json() -> None:
    """Unknown keys are ignored, so that an older client can read a newer service's answers."""
    signed, _ = make_receipt()
    data = plain(signed) | {"new_in_version_2": True}
    assert from_plain(SignedReceipt, data) == signed
    assert from_plain(list[FileInfo], None) is None


# Time


@pytest.mark.parametrize("text", ["2026-11-20", "2026-11-20T12:00:00", "noon", "", "9999-12-31T23:59:59-23:59"])
def test_times_without_an_offset_are_refused(text: str) -> None:
    """No time zone is guessed; text that is not a time is refused too."""
    with pytest.raises(Refused):
        parse_utc(text)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.timezones()))
def test_times_are_ordered_as_text(moment: datetime) -> None:
    """Times are written in UTC with a fixed width and read back without loss."""
    text = utc_text(moment)
    assert (len(text), parse_utc(text)) == (27, moment.astimezone(UTC))


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(-(10**6), 2 * 10**6))
def test_late_is_never_before_on_time(grace: int, late: int, offset: int) -> None:
    """Lateness is 0 until due + grace, then counted from the due time; closing is never before that."""
    schedule = schedule_of(AssignmentSettings(due_at=DUE, grace_seconds=grace, late_seconds=late))
    moment = parse_utc(DUE) + timedelta(seconds=offset)
    assert schedule.lateness_seconds(moment) == (offset if offset > grace else 0)
    assert schedule.closes_at == parse_utc(DUE) + timedelta(seconds=max(grace, late))


@given(st.lists(st.integers(-(10**6), 10**6), max_size=5))
def test_solutions_are_free_after_everybody(offsets: list[int]) -> None:
    """A solution is not available before the last extension of anyone, whatever their order."""
    settings = AssignmentSettings(due_at=DUE, late_seconds=60)
    extensions = [Extension(due_at=utc_text(parse_utc(DUE) + timedelta(seconds=o))) for o in offsets]
    expected = parse_utc(DUE) + timedelta(seconds=max([0, *offsets]) + 60)
    assert free_at(schedule_of(settings, each) for each in (None, *extensions)) == expected


@dataclass
class Try:
    """An attempt as `choose` sees it."""

    attempt: int
    late: bool
    quick_score: float | None
    full_score: float | None = None


def test_choice_does_not_depend_on_order() -> None:
    """The same attempts in any order give the same choice; without scores the last one counts as best."""
    tries = [Try(1, False, 17), Try(2, False, 27), Try(3, True, 27), Try(4, True, None)]
    for seed in range(20):
        random.Random(seed).shuffle(tries)
        assert [choose(tries, rule).attempt for rule in ("last", "last_on_time", "best")] == [4, 2, 3]
    unscored = [Try(1, True, None), Try(2, True, None)]
    assert [choose(unscored, rule).attempt for rule in ("last", "last_on_time", "best")] == [2, 2, 2]


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([(20, None), (27, None)], 2),
        ([(27, None), (20, None)], 1),
        ([(27, None), (27, None)], 2),
        ([(None, 80), (None, 60)], 1),
        ([(None, 60), (None, 80)], 2),
        ([(27, 80), (20, 85)], 2),
        # one graded, a later one not: with a better or equal quick score it must be graded, with a worse one it loses
        ([(20, 80), (27, None)], 2),
        ([(20, 80), (20, None)], 2),
        ([(27, 80), (20, None)], 1),
        # the reverse: the last was graded, an earlier one was not
        ([(27, None), (20, 80)], 1),
        ([(20, None), (27, 80)], 2),
        ([(27, None), (27, 80)], 2),
        # once graded, it stays or the earlier one counts again
        ([(20, 80), (27, 90)], 2),
        ([(20, 80), (27, 70)], 1),
        ([(20, 80), (27, 70), (25, None)], 3),
        ([(20, 80), (27, 70), (19, None)], 1),
        # not checked yet, or the check failed
        ([(20, 80), (None, None)], 1),
        ([(None, 80), (20, None)], 2),
        ([(None, None), (0, None)], 2),
        ([(0, None), (None, None)], 1),
    ],
)
def test_best_compares_like_with_like(scores: list[tuple[float | None, float | None]], best: int) -> None:
    """A full score (out of 100) is never compared with a quick one (out of 27)."""
    tries = [Try(number, False, quick, full) for number, (quick, full) in enumerate(scores, 1)]
    for seed in range(5):
        random.Random(seed).shuffle(tries)
        assert choose(tries, "best").attempt == best


@given(st.lists(st.tuples(st.integers(0, 27), st.integers(0, 100)), min_size=1, max_size=8))
def test_grading_whatever_counts_ends_at_the_best_of_what_was_graded(scores: list[tuple[int, int]]) -> None:
    """The choice settles on the graded attempt with the best score, after at most one grading per attempt."""
    tries = [Try(number, False, quick) for number, (quick, _) in enumerate(scores, 1)]
    for _ in scores:
        chosen = choose(tries, "best")
        chosen.full_score = scores[chosen.attempt - 1][1]
    settled = choose(tries, "best")
    assert settled.full_score == max(each.full_score for each in tries if each.full_score is not None)
    assert all(each.full_score is not None or each.quick_score <= settled.quick_score for each in tries)
