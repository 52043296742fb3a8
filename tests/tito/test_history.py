"""Versions of a notebook: what is kept, for how long, in how much space, and how one is restored."""

import base64
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tito.atomic import write_atomically
from tito.history import room, versions
from tito.history.comparing import compare
from tito.history.keeping import keep_file
from tito.history.notebook import cells_of, passed_in
from tito.history.pieces import pack, unpack
from tito.history.places import module_of, notebooks_at
from tito.history.restoring import restore
from tito.history.room import give_up, used_bytes
from tito.history.thinning import too_many
from tito.history.versions import History
from tito.workspace import Workspace

START = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
FILE = "tensor/tensor.ipynb"


def code(name: str, source: str, printed: str = "", error: bool = False) -> dict:
    outputs = [{"output_type": "stream", "name": "stdout", "text": [printed]}] if printed else []
    outputs += [{"output_type": "error", "ename": "ChecksFailed", "evalue": "", "traceback": []}] if error else []
    metadata = {"nbgrader": {"grade_id": name}}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": outputs, "execution_count": None}


def notebook(*cells: dict) -> bytes:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1).encode()


def picture(seed: int, size: int) -> dict:
    data = base64.b64encode(random.Random(seed).randbytes(size)).decode()
    return {"output_type": "display_data", "metadata": {}, "data": {"image/png": data}}


@pytest.fixture
def home(workspace: Workspace) -> Workspace:
    """A home with one fetched module."""
    write_atomically(workspace.release("tensor"), notebook(code("add", "stub")))
    return workspace


def saved(home: Workspace, data: bytes, minutes: float = 0.0, file: str = FILE, why: str = "saved"):
    """Save a file as Jupyter does, and keep a version."""
    write_atomically(home.package.parent / file, data)
    return keep_file(home, file, why, START + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no notebook",
        b"\x00" + b"A" * 9000,
        notebook(code("add", "x" * 9000)),
        b'"' + b"QUJD" * 3000 + b'"',
        b"\xff" * 99,
    ],
    ids=["empty", "text", "with the mark", "long text", "base64", "no text"],
)
def test_bytes_come_back_exactly(data: bytes):
    packed = pack(data)
    pieces = dict(packed.pieces)
    assert unpack(packed.text, [digest for digest, _ in packed.pieces], pieces.__getitem__) == data


def test_a_save_without_a_change_is_no_new_version(home: Workspace):
    first = saved(home, notebook(code("add", "1")))
    assert saved(home, notebook(code("add", "1")), 1) == first
    assert [v.number for v in History(home, "tensor").versions()] == [1]


def test_a_picture_is_kept_once(home: Workspace):
    for number in range(5):
        cell = code("add", str(number))
        cell["outputs"] = [picture(1, 60_000)]
        saved(home, notebook(cell), number)
    assert len(list(History(home, "tensor").outputs.iterdir())) == 1
    assert used_bytes(home) < 150_000
    kept = History(home, "tensor")
    assert json.loads(kept.read(kept.find(3)))["cells"][0]["source"] == "2"


def test_time_thins_all_of_an_hour_then_hourly_then_daily():
    now = START + timedelta(days=10)
    ages = [timedelta(minutes=m) for m in (5, 10, 59)]  # all are kept
    ages += [timedelta(hours=5, minutes=-m) for m in (10, 20, 30)]  # one of these is kept
    ages += [timedelta(days=5, hours=-h) for h in (1, 2, 3)]  # one of these is kept
    numbered = [(number, now - age, FILE) for number, age in enumerate(sorted(ages, reverse=True), start=1)]
    assert too_many(numbered, now) == {1, 2, 4, 5}


def test_another_file_of_the_module_is_thinned_by_itself():
    now = START + timedelta(days=10)
    assert too_many([(1, START, FILE), (2, START + timedelta(minutes=1), "tensor/old.ipynb")], now) == set()


def receipt(home: Workspace, number: int, sha256: str) -> Path:
    path = home.package / ".receipts" / "course" / f"tensor-{number}.json"
    files = [{"path": "tensor.ipynb", "size": 1, "sha256": sha256}]
    body = {"assignment": "tensor", "attempt": number, "received_at": "2026-09-07T09:00:00.000000Z", "files": files}
    write_atomically(path, json.dumps({"receipt": body, "signature": ""}))
    return path


def test_what_was_submitted_outlives_thinning_and_a_full_home(home: Workspace, monkeypatch: pytest.MonkeyPatch):
    data = notebook(code("add", "handed in"))
    receipt(home, 1, saved(home, data).sha256)
    for minute in range(1, 30):
        saved(home, notebook(code("add", f"later {minute}")), minute)
    saved(home, notebook(code("add", "weeks later")), 60 * 24 * 30)
    assert give_up(home, 10**9) > 0
    kept = History(home, "tensor")
    assert kept.read(kept.find(1)) == data
    assert [v.number for v in kept.versions()] == [1, 31]
    assert give_up(home, 1) == 0


def test_a_receipt_that_is_damaged_costs_nothing(home: Workspace):
    receipt(home, 1, "x").write_text('{"receipt": []}')
    assert saved(home, notebook(code("add", "1"))) is not None


def test_the_oldest_goes_first_where_all_together_are_too_much(home: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "MOST_BYTES", 0)
    for number in range(40):
        saved(home, notebook(code("add", random.Random(number).randbytes(3000).hex())), number / 60)
    assert room.keep_within(home, 100_000) is None
    numbers = [v.number for v in History(home, "tensor").versions()]
    assert used_bytes(home) <= 100_000
    assert numbers[-1] == 40 and numbers == list(range(numbers[0], 41))


def test_outputs_too_large_are_left_out_and_the_work_is_kept(home: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(versions, "LARGEST_BYTES", 20_000)
    cell = code("add", "my work")
    cell["outputs"] = [picture(1, 60_000)]
    version = saved(home, notebook(cell))
    assert version.outputs_left_out
    kept = json.loads(History(home, "tensor").read(version))
    assert (kept["cells"][0]["source"], kept["cells"][0]["outputs"]) == ("my work", [])


@pytest.mark.parametrize(
    ("path", "module"),
    [
        (FILE, "tensor"),
        ("tensor/old.ipynb", "tensor"),
        ("mine/tensor.ipynb", "tensor"),
        ("tensor.ipynb", "tensor"),
        ("mine/other.ipynb", ""),
        ("tensor/.ipynb_checkpoints/tensor-checkpoint.ipynb", ""),
        ("tensor/notes.md", ""),
        ("../tensor/tensor.ipynb", ""),
    ],
)
def test_a_notebook_s_module(home: Workspace, path: str, module: str):
    assert module_of(home, path) == module


def test_a_folder_s_notebooks(home: Workspace):
    saved(home, b"1")
    saved(home, b"2", file="tensor/old.ipynb")
    assert notebooks_at(home, "tensor") == ["tensor/old.ipynb", FILE]
    assert notebooks_at(home, "nowhere") == []


def test_which_exercises_had_passed(home: Workspace):
    table = "🧪 {}    15 of 15 points\n────"
    tests = [
        code("test_add", "", table.format("add")),
        code("test_mul", "", table.format("mul"), error=True),
        code("test_sum", ""),
        code("test_neg", "", "printed something else"),
    ]
    assert passed_in(json.loads(notebook(*tests))) == (["add"], 4)
    assert passed_in(None) == ([], 0)


def test_cells_are_compared_and_one_comes_back(home: Workspace):
    first = saved(home, notebook(code("add", "a = 1\nb = 2"), code("mul", "m"), code("sum", "s")))
    saved(home, notebook(code("sum", "my new sum"), code("add", "a = 1\nb = 3")), 5)
    kept = History(home, "tensor")
    changes = compare(kept.read(first), (home.package.parent / FILE).read_bytes())
    assert [(c.cell.name, c.what) for c in changes] == [
        ("add", "differs"),
        ("mul", "is missing now"),
        ("sum", "differs"),
    ]
    assert changes[0].lines() == [" a = 1", "-b = 3", "+b = 2"]
    restore(home, "tensor", first.number, "mul")
    now = cells_of(json.loads((home.package.parent / FILE).read_bytes()))
    assert [(c.name, c.source) for c in now] == [("sum", "my new sum"), ("add", "a = 1\nb = 3"), ("mul", "m")]


def test_a_restore_is_undone_the_same_way(home: Workspace):
    mine = notebook(code("add", "mine, never kept"))
    first = saved(home, notebook(code("add", "old")))
    (home.package.parent / FILE).write_bytes(mine)  # written by another program: no version of it yet
    done = restore(home, "tensor", first.number)
    assert (home.package.parent / FILE).read_bytes() == notebook(code("add", "old"))
    restore(home, "tensor", done.undo.number)
    assert (home.package.parent / FILE).read_bytes() == mine


def test_a_damaged_version_is_told_and_the_others_stay(home: Workspace):
    saved(home, notebook(code("add", "1")))
    saved(home, notebook(code("add", "2")), 1)
    kept = History(home, "tensor")
    kept.files()[1].write_bytes(b"rubbish")
    assert [v.number for v in kept.versions()] == [2]
    assert saved(home, notebook(code("add", "3")), 2).number == 3


@pytest.mark.service
def test_a_semester_stays_under_60_mb(home: Workspace):
    """20 modules, with five saves each within an hour that write as much as ninety with a 50 kB picture."""
    for module in range(20):
        slug = f"module{module}"
        write_atomically(home.release(slug), b"{}")
        for save in range(5):
            cell = code("add", f"save {save}")
            cell["outputs"] = [picture(100 * module + save, 900_000)]
            minutes = module * 60 * 24 * 7 + save * 10
            version = saved(home, notebook(cell), minutes, f"{slug}/{slug}.ipynb")
            assert (version.number, version.outputs_left_out) == (save + 1, False)
    assert used_bytes(home) < 60 * 2**20 < 100 * 900_000
    for module in range(20):
        assert History(home, f"module{module}").newest().number == 5


def test_the_commands(home: Workspace, started, tito):
    started("scale")
    path = home.notebook("scale")
    original = path.read_bytes()
    keep_file(home, "scale/scale.ipynb", "saved")
    path.write_bytes(original.replace(b"x", b"y"))
    answer = tito("module", "history", "scale", "--json").json
    assert [(v["number"], v["why"], v["submitted"]) for v in answer["versions"]] == [(1, "saved", [])]
    assert tito("module", "history", "scale", "--diff", "1", "--json").json["changes"]
    done = tito("module", "restore", "scale", "1", "--json").json
    assert path.read_bytes() == original
    assert done["undo"] == 2
    assert "differs" in tito("module", "history", "scale", "--diff", "2").out
    assert "restored from 1" in tito("module", "history", "scale").out
    assert "scale has no version 9. Available: 1, 2, 3" in tito("module", "restore", "scale", "9", "--yes").err
    assert "no cell 'nobody'" in tito("module", "restore", "scale", "1", "--cell", "nobody", "--yes").err


def test_a_reset_is_in_the_history(home: Workspace, started, tito):
    started("scale")
    home.notebook("scale").write_bytes(b"three days of work")
    assert tito("module", "reset", "scale", "--yes").code == 0
    kept = History(home, "scale")
    assert kept.read(kept.newest()) == b"three days of work"
