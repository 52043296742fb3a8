"""A sandbox's files travel as content; they are written to a folder only on the machine where the sandbox runs."""

import os
import pickle
import shutil
from pathlib import Path

from tito.judge.sandbox.content import Predecessors

TWO = Predecessors((("a.py", "x = 1\n"), ("b.py", "y = 2\n")))


def test_it_arrives_as_it_was(tmp_path: Path):
    arrived = pickle.loads(pickle.dumps(TWO))
    assert arrived == TWO and arrived.digest == TWO.digest
    assert Predecessors.read(arrived.lay_out(tmp_path)) == TWO


def test_a_name_and_a_text_are_not_taken_for_each_other():
    assert Predecessors((("a.py", "x"),)).digest != Predecessors((("a", ".pyx"),)).digest
    assert TWO.digest != Predecessors(TWO.modules[::-1]).digest


def test_what_a_student_wrote_is_compiled_nowhere(tmp_path: Path):
    ours = Predecessors(TWO.modules, trusted=True)
    assert not list(TWO.lay_out(tmp_path).rglob("*.pyc"))
    assert len(list(ours.lay_out(tmp_path).rglob("*.pyc"))) == 2
    assert TWO.folder() != ours.folder()


def test_it_is_laid_out_once_and_in_nobodys_sight(tmp_path: Path):
    one = Predecessors((("once.py", str(os.getpid())),))
    folder = one.folder()
    assert one.folder() == folder and folder.parent.stat().st_mode & 0o077 == 0
    assert (folder / "core" / "once.py").stat().st_mode & 0o777 == 0o644
    below = one.lay_out(tmp_path)
    assert one.folder() == below and tmp_path in below.parents


def test_a_folder_that_was_removed_is_laid_out_again(tmp_path: Path):
    one = Predecessors((("again.py", str(os.getpid())),))
    shutil.rmtree(one.lay_out(tmp_path))
    assert (one.folder() / "core" / "again.py").exists()
