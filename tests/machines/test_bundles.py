"""Bundles for workers: the same files arrive, and a name that leads outside the folder is refused."""

import json
import os
from pathlib import Path

import pytest
from tito.curriculum import load_curriculum
from tito.judge.read import NoSubmission, read_submission
from tito.machines.bundles import LENGTH, BadBundle, course_part, pack, submission_entries, unpack

from tests.grading_service.place import SLUG, TREE

TINY = Path(__file__).resolve().parents[1] / "tiny_course"


def bundle(*index: object, content: bytes = b"") -> bytes:
    said = json.dumps(index).encode()
    return LENGTH.pack(len(said)) + said + content


@pytest.mark.parametrize("data", [
    b"", b"\x00", bundle(["../x", "file", 0]), bundle(["/x", "file", 0]), bundle(["a/../../x", "file", 0]),
    bundle(["", "file", 0]), bundle(["a\0b", "file", 0]), bundle(["a", "pipe", 0]), bundle(["a", "file", 5]),
    bundle(["a", "file", 0], content=b"more"), bundle([1, "file", 0]), bundle("a"), LENGTH.pack(2) + b"{}" + b"x",
])  # fmt: skip
def test_what_is_no_bundle_writes_nothing(tmp_path, data):
    with pytest.raises(BadBundle):
        unpack(data, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_judge_reads_the_same_of_a_submission_there(tmp_path):
    """Other files arrive as empty ones with the same names; links and folders are refused there as here."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir(), there.mkdir()
    (here / "notes.txt").write_text("a secret of its author")
    (here / "work.ipynb").symlink_to("/etc/passwd")
    (here / "data.ipynb").mkdir()
    (here / os.fsdecode(b"odd\xff.txt")).write_text("")
    unpack(pack(submission_entries(here, "submitted")), there)
    assert sorted(map(str, (p.name for p in (there / "submitted").iterdir()))) == sorted(p.name for p in here.iterdir())
    assert (there / "submitted" / "notes.txt").read_bytes() == b""
    assert refusal(there / "submitted") == refusal(here)


def refusal(folder) -> str:
    with pytest.raises(NoSubmission) as refused:
        read_submission(folder, "work")
    return str(refused.value)


def test_a_part_of_the_course_is_a_course(tmp_path):
    curriculum = load_curriculum(TREE)
    module = curriculum.find_written(SLUG)
    part = course_part(curriculum, module)
    assert part == course_part(curriculum, module)
    unpack(part, tmp_path)
    assert load_curriculum(tmp_path).find_written(SLUG) == module


def test_a_part_has_the_modules_before_and_no_later_one(tmp_path):
    curriculum = load_curriculum(TINY)
    module = curriculum.find_written("affine")
    unpack(course_part(curriculum, module), tmp_path)
    assert load_curriculum(tmp_path).modules == (*curriculum.before(module), module)
