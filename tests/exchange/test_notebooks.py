"""Large notebooks are read in parts: code, answers and the smaller outputs are kept whole, and memory use stays low."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from exchange.client.receipts import ReceiptFolder, outputs_cut
from exchange.client.submitting import submit_folder
from exchange.protocol.models import CourseSettings, Refused, Result, UploadLimits
from exchange.protocol.notebooks import LARGEST_NOTEBOOK, LARGEST_OUTPUTS, MB, Large, largest_cells, read_large, tell
from exchange.protocol.spans import BLOCK_BYTES, Unreadable
from tests.exchange.live import COURSE, Live

NUMBER = {"output_type": "stream", "name": "stdout", "text": ["measured: 0.125 s\n"]}
TOO_LARGE = 5_000_000


def picture(size: int) -> dict[str, Any]:
    data = {"image/png": "A" * size, "text/plain": "<Figure>"}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def code(name: str, outputs: list[Any], source: Any = "x = '\\\\\"[{'\n") -> dict[str, Any]:
    metadata = {"nbgrader": {"grade_id": name, "points": 1}, "tags": ["a"]}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": outputs, "execution_count": 1}


def document(*cells: Any, **metadata: Any) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def read(folder: Path, text: str | dict[str, Any]) -> Large:
    path = folder / "tensor.ipynb"
    path.write_text(text if isinstance(text, str) else json.dumps(text), "utf-8")
    with path.open("rb") as file:
        return read_large(file)


def test_code_answers_and_small_outputs_are_read_as_by_a_parser(tmp_path: Path) -> None:
    """Wherever a block ends, escapes, quotes and brackets in strings are not taken for structure."""
    for shift in range(0, 48, 5):
        odd = '\\"]}\u00e9\\' + "y" * (BLOCK_BYTES - 100 + shift) + '"\\\\" [{'
        text = document(code("add", [NUMBER], [odd, "\n"]), {"cell_type": "markdown", "source": odd, "metadata": {}})
        found = read(tmp_path, text).document["cells"]
        assert [cell["source"] for cell in found] == [[odd, "\n"], odd]
        assert found[0]["outputs"] == [NUMBER]
        assert found[0]["metadata"]["nbgrader"]["grade_id"] == "add"


def test_the_largest_outputs_are_cut_first_down_to_what_graders_see(tmp_path: Path) -> None:
    sizes = [3_000_000, TOO_LARGE, 900_000, 2_000_000]
    found = read(tmp_path, document(*(code(f"e{size}", [NUMBER, picture(size)]) for size in sizes)))
    kept = [cell["outputs"] for cell in found.document["cells"]]
    assert [outputs[0] for outputs in kept] == [NUMBER] * 4
    assert [outputs[1]["output_type"] for outputs in kept] == ["stream", "stream", "display_data", "display_data"]
    assert "image/png, 4.8 MB" in kept[1][1]["text"] and "cut on arrival" in kept[1][1]["text"]
    assert len(json.dumps(kept)) <= LARGEST_OUTPUTS
    assert tell(found.cuts) == ["cell 2: image/png, 4.8 MB", "cell 1: image/png, 2.9 MB"]


@pytest.mark.parametrize(
    ("outputs", "metadata", "said"),
    [
        ([{"output_type": "stream", "name": "stdout", "text": ["loss 0.5 [1]\n"] * 400_000}], {}, "text"),
        ([NUMBER] * 80_000, {}, "all but its first 20 outputs"),
        (
            [
                {
                    "output_type": "display_data",
                    "data": {"application/json": {"p": [[12345678901234567890, 12345678901234567890]] * 110_000}},
                }
            ],
            {},
            "json",
        ),
        ([{"output_type": "error", "ename": "E", "evalue": "", "traceback": ["x" * TOO_LARGE]}], {}, "error"),
        ([7, "x" * TOO_LARGE, None], {}, "something else"),
        ([], {"widgets": {"state": {"a": "x" * TOO_LARGE}}}, None),
        ([], {"attached": [{"a": [{}]}] * 20_000}, None),
    ],
    ids=["stream", "many", "json", "error", "no outputs", "widgets", "metadata"],
)
def test_every_kind_of_large_part_leaves_the_answer(tmp_path: Path, outputs, metadata, said) -> None:
    found = read(tmp_path, document(code("add", outputs), code("mean", [NUMBER]), **metadata))
    assert [cell["metadata"]["nbgrader"]["grade_id"] for cell in found.document["cells"]] == ["add", "mean"]
    assert found.document["cells"][1]["outputs"] == [NUMBER]
    assert (said is None and not found.cuts) or said in found.cuts[0].what


@pytest.mark.parametrize(
    "text",
    [
        '{"cells": [',
        '{"cells": ["abc',
        '{"cells": [{"outputs": [{]}]}',
        '{"a": }',
        '{"a" 1}',
        "[" * 50_000,
        '{"cells":' + "[" * 50_000,
        '{"cells": []} {}',
        "",
        '{"cells": [{"source": [[[}}}]}]}',
    ],
)
def test_what_is_no_notebook_is_said_to_be_unreadable(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unreadable):
        read(tmp_path, text)


def test_memory_stays_flat_and_work_is_bounded(tmp_path: Path) -> None:
    """A process reads 50 MB of one output and 18 MB of brackets while its memory grows by less than 8 MB."""
    script = """
import resource, sys
from exchange.protocol.notebooks import read_large
from exchange.protocol import spans
from exchange.protocol.spans import Unreadable
spans.MOST_STEPS = 200_000
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for name in sys.argv[1:]:
    with open(name, "rb") as file:
        try:
            print(len(read_large(file).cuts))
        except Unreadable as error:
            print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    begin, end = b'{"nbformat": 4, "cells": [{"source": "x = 1", "outputs": [', b"]}]}"
    with (tmp_path / "one").open("wb") as file:
        file.write(begin + b'"')
        for _ in range(50):
            file.write(b"A" * MB)
        file.write(b'"' + end)
    (tmp_path / "brackets").write_bytes(begin + b"{}," * 6_000_000 + b"0" + end)
    command = [sys.executable, "-c", script, str(tmp_path / "one"), str(tmp_path / "brackets")]
    one, brackets, more = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert (one, brackets) == ("1", "it has more than 200000 parts")
    assert int(more) < 8


def folder_with(live: Live, *cells: dict[str, Any]) -> Path:
    return live.folder({"tensor.ipynb": json.dumps(document(*cells))})


def test_what_will_be_cut_is_said_before_the_upload_and_in_the_receipt(course: Live, tmp_path: Path) -> None:
    """The student is warned before the upload; what arrives is still the student's file, byte for byte."""
    folder = folder_with(course, code("add", [NUMBER]), code("mean", [picture(LARGEST_NOTEBOOK)]))
    said: list[tuple[str, int]] = []
    with course.student("ada") as ada:
        done = submit_folder(
            ada,
            COURSE,
            "tensor",
            folder,
            ReceiptFolder(tmp_path / "receipts"),
            warn=lambda text: said.append((text, len(ada.submissions(COURSE)))),
        )
        ada.fetch_files(COURSE, done.signed.receipt.submission, tmp_path / "back")
    [(text, arrived)] = said
    assert arrived == 0
    assert (
        "24.0 MB, more than the 24 MB" in text and "cell 2: image/png" in text and "clear the outputs of cell 2" in text
    )
    assert done.receipt_path and outputs_cut(done.receipt_path) == done.cut == [
        "tensor.ipynb: cell 2: image/png, 24.0 MB"
    ]
    assert (tmp_path / "back" / "tensor.ipynb").read_bytes() == (folder / "tensor.ipynb").read_bytes()


def test_what_the_exchange_would_refuse_is_refused_before_the_upload_with_the_cells(
    course: Live, tmp_path: Path
) -> None:
    with course.semester() as semester:
        semester.put_course(COURSE, CourseSettings(limits=UploadLimits(max_file_bytes=LARGEST_NOTEBOOK)))
    folder = folder_with(course, code("add", [NUMBER]), code("mean", [picture(LARGEST_NOTEBOOK)]))
    said = r"NOT arrived.*larger than 24.0 MB.*clear the outputs of cells 2, 1 \(cell 2: 24.0 MB"
    with pytest.raises(Refused, match=said):
        submit_folder(course.student("ada"), COURSE, "tensor", folder, ReceiptFolder(tmp_path / "receipts"))


def test_an_attempt_that_cannot_be_judged_takes_no_other_s_place(course: Live) -> None:
    """Another attempt counts instead, before and after that one is judged; if none can be judged, the newest counts."""
    ada = course.student("ada")
    ids = [course.submit(ada, f"work {number}").receipt.submission for number in range(3)]

    def counting() -> int:
        return next(ids.index(each.id) for each in ada.submissions(COURSE) if each.counts)

    with course.staff() as grader:
        grader.put_result(COURSE, ids[2], Result("quick", "error", 0.0, 90.0, "larger than can be read"))
        assert counting() == 1
        grader.put_result(COURSE, ids[1], Result("quick", "failed", 3.0, 27.0))
        assert counting() == 1
        for submission in ids[:2]:
            grader.put_result(COURSE, submission, Result("quick", "error", None, None, "damaged"))
        assert counting() == 2


def test_cells_are_named_by_the_size_of_their_outputs(tmp_path: Path) -> None:
    read(tmp_path, document(code("add", [NUMBER] * 30), code("mean", [picture(9000)]), code("none", [])))
    with (tmp_path / "tensor.ipynb").open("rb") as file:
        assert [number for number, _ in largest_cells(file)] == [2, 1]
