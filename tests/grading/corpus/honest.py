# ruff: noqa: E501 - one submission a line reads best
"""Submissions of students who did the work but had bad luck or an unusual style, with the points they must get."""

import json

from tests.grading.corpus.submission import EXERCISES, SOLVED, Case, Draft

FULL = 90


def _solved(name: str, edit=lambda draft: None, points: float = FULL, **options) -> Case:
    """All exercises solved, then edited."""

    def whole(draft: Draft) -> None:
        edit(draft.solve())

    return Case(name, whole, points, **options)


def _with(name: str, points: float = FULL, says: str = "", **sources: str) -> Case:
    """All exercises solved, some of them in another way."""
    return _solved(name, lambda draft: draft.solve(**sources), points, says=says)


def _encoded(name: str, encode, **options) -> Case:
    return _solved(name, lambda draft: setattr(draft, "encode", encode), **options)


def _text(document: dict) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False)


# The form of the file


def _format_3(document: dict) -> bytes:
    cells = []
    for cell in document["cells"]:
        old = {"cell_type": cell["cell_type"], "metadata": cell["metadata"]}
        source = "".join(cell["source"])
        cells.append(
            old
            | (
                {"input": source, "outputs": [], "language": "python"}
                if cell["cell_type"] == "code"
                else {"source": source}
            )
        )
    return json.dumps(
        {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells, "metadata": {}}]}
    ).encode()


def _no_ids(draft: Draft) -> None:
    draft.document["nbformat_minor"] = 2
    for cell in draft.cells:
        cell.pop("id", None)


def _same_ids(draft: Draft) -> None:
    for cell in draft.cells:
        cell["id"] = "same"


def _carriage_returns(draft: Draft) -> None:
    for cell in draft.cells:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")


def _colab(draft: Draft) -> None:
    draft.document["metadata"] = {
        "colab": {"provenance": []},
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
    }
    for number, cell in enumerate(draft.cells):
        cell["metadata"] |= {"id": f"x{number}", "colab": {"base_uri": "https://localhost:8080/"}, "outputId": "1"}


def _big_outputs(draft: Draft) -> None:
    text = {"output_type": "stream", "name": "stdout", "text": ["line\n"] * 10_000}
    page = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>alert(1)</script>" * 1000}}
    for name in EXERCISES:
        draft.cell(name)["outputs"] = [text, page]


def _rename(name: str):
    return lambda draft: setattr(draft, "name", name)


FILES = [
    _solved("as it should be"),
    _encoded("byte order mark", lambda d: b"\xef\xbb\xbf" + _text(d).encode()),
    _encoded("Windows line ends", lambda d: _text(d).replace("\n", "\r\n").encode()),
    _solved("Windows line ends inside cells", _carriage_returns),
    _encoded("UTF-16", lambda d: _text(d).encode("utf-16")),
    _encoded("format 3", _format_3, says="format"),
    _solved("format 5", lambda d: d.document.update(nbformat=5), says="format"),
    _solved("no format at all", lambda d: d.document.pop("nbformat"), says="format"),
    _solved("an old minor format, without ids", _no_ids),
    _solved("all ids the same", _same_ids),
    _solved("from Colab", _colab),
    _solved("no metadata of the notebook", lambda d: d.document.update(metadata={})),
    _solved("downloaded twice", _rename("boxes (1).ipynb"), says="boxes (1).ipynb"),
    _solved("a copy by JupyterLab", _rename("boxes-Copy1.ipynb"), says="Copy1"),
    _solved("another name", _rename("homework.ipynb"), says="homework"),
    _solved("an ending added by the browser", _rename("boxes.ipynb.txt"), says=".txt"),
    _solved(
        "other notebooks beside it",
        lambda d: d.files.update({"Untitled.ipynb": b"{}", "old/boxes.ipynb": b"x"}),
        says="Untitled",
    ),
    _solved("large saved outputs", _big_outputs),
]

# Cells that were moved, copied, split or changed


def _move_to_end(draft: Draft) -> None:
    draft.cells.append(draft.cells.pop(draft.index("add")))


def _split_inside(draft: Draft) -> None:
    cell, second = draft.cell("mean"), draft.copy_of("mean")
    lines = SOLVED["mean"].splitlines(keepends=True)
    cell["source"], second["source"] = "".join(lines[:3]), "".join(lines[3:])
    draft.cells.insert(draft.index("mean") + 1, second)


def _split_helper(draft: Draft) -> None:
    second = draft.copy_of("add")
    draft.put("add", "def check(a, b):\n    if a.shape != b.shape:\n        raise ValueError('the shapes differ')\n")
    second["source"] = "def add(a, b):\n    check(a, b)\n    return Box(a.data + b.data)\n"
    draft.cells.insert(draft.index("add") + 1, second)


def _copied_before(draft: Draft) -> None:
    draft.cells.insert(draft.index("add"), draft.copy_of("add") | {"source": STUB})


def _copied_after(draft: Draft) -> None:
    draft.cells.insert(draft.index("add") + 1, draft.copy_of("add") | {"source": STUB})


STUB = "def add(a, b):\n    # YOUR CODE HERE\n    raise NotImplementedError(\"exercise 'add' is not solved yet: write it\")\n"


def _merge_exercises(draft: Draft) -> None:
    draft.put("add", SOLVED["add"] + "\n\n" + SOLVED["mean"])
    draft.cells.pop(draft.index("mean"))


def _merge_with_test(draft: Draft) -> None:
    draft.put("add", SOLVED["add"] + "\n\n" + draft.source("test_add"))
    draft.cells.pop(draft.index("test_add"))


def _lose_metadata(draft: Draft) -> None:
    for cell in draft.cells:
        cell["metadata"] = {}


def _rename_cell(draft: Draft) -> None:
    draft.cell("add")["metadata"]["nbgrader"]["grade_id"] = "my_add"


def _answer_elsewhere(draft: Draft) -> None:
    draft.put("add", STUB)
    draft.insert("test_add", SOLVED["add"])


def _own_cell_says(text: str):
    return lambda draft: (draft.put("add", text), draft.insert("test_add", SOLVED["add"]))


def _delete_given(draft: Draft) -> None:
    kept = [cell for cell in draft.cells if "class Box" not in "".join(cell["source"])]
    draft.document["cells"] = kept


def _edit_given(draft: Draft) -> None:
    for cell in draft.cells:
        if "class Box" in "".join(cell["source"]):
            cell["source"] = "class Box:\n    data = 'broken'\n"


def _kind(kind: str):
    return lambda draft: draft.cell("add").update(cell_type=kind)


def _own(source: str, after: str = "test_add"):
    return lambda draft: draft.insert(after, source)


CELLS = [
    _solved("an exercise moved to the end", _move_to_end),
    _solved("a cell split inside a function", _split_inside, says="several times"),
    _solved("a cell split at a helper", _split_helper, says="several times"),
    _solved("an untouched copy before", _copied_before, says="several times"),
    _solved("an untouched copy after", _copied_after, says="several times"),
    _solved("two exercises merged", _merge_exercises, says="another exercise's cell"),
    _solved("an exercise merged with its test", _merge_with_test),
    _solved("all metadata lost", _lose_metadata, says="found in"),
    _solved("a grade_id changed", _rename_cell, says="found in"),
    _solved("the answer in a cell of one's own", _answer_elsewhere, says="found in"),
    _solved("the answer elsewhere, its own cell a comment", _own_cell_says("# see below\n"), says="found in"),
    _solved("the answer elsewhere, its own cell an import", _own_cell_says("import functools\n"), says="found in"),
    _solved("the answer elsewhere, its own cell a slip", _own_cell_says("def add(a, b)\n"), says="found in"),
    _solved(
        "the answer elsewhere, what it needs in its own cell",
        lambda d: (
            d.put("add", "import operator\n"),
            d.insert("test_add", SOLVED["add"].replace("a.data + b.data", "operator.add(a.data, b.data)")),
        ),
        says="found in",
    ),
    _solved(
        "two answers swapped",
        lambda d: (d.put("add", SOLVED["mean"]), d.put("mean", SOLVED["add"])),
        says="another exercise's cell",
    ),
    _solved("a given cell deleted", _delete_given),
    _solved("a given cell broken", _edit_given),
    _solved("a test cell deleted", lambda d: d.cells.pop(d.index("test_add"))),
    _solved("a test cell edited", lambda d: d.put("test_add", "assert False")),
    _solved("all test cells deleted", lambda d: [d.cells.pop(d.index(f"test_{n}")) for n in EXERCISES]),
    _solved("a solution turned into markdown", _kind("markdown"), says="markdown"),
    _solved("a solution turned into raw text", _kind("raw"), says="raw"),
    _solved("a tag that skips execution", lambda d: d.cell("add")["metadata"].update(tags=["skip-execution"])),
    _solved("a locked solution", lambda d: d.cell("add")["metadata"]["nbgrader"].update(locked=True, solution=False)),
    _solved("prose added everywhere", lambda d: [d.insert(n, "# my thoughts", kind="markdown") for n in EXERCISES]),
    _solved("an imported library", _own("import collections\nfrom functools import reduce\n", "add")),
    _solved("experiments that fail", _own("add(Box([1]), 'x')\n1 / 0\n")),
    _solved("experiments that never end", _own("while True:\n    pass\n")),
    _solved("experiments that are no Python", _own("this is not python at all\n")),
    _solved("experiments that plot", _own("import matplotlib.pyplot as plt\nplt.plot([1, 2])\n")),
    _solved(
        "one import that works and one that does not",
        lambda d: (
            d.solve(
                mean="def mean(boxes):\n    return Box(floor(sum(b.data for b in boxes)) / len(boxes) if not boxes else reduce(np.add, [b.data for b in boxes]) / len(boxes))\n"
            ),
            d.insert(
                "add",
                "from math import floor, no_such_thing\nimport torch, functools\nreduce = functools.reduce\nfrom functools import reduce, nothing\n",
            ),
        ),
    ),
    _solved("experiments with another framework", _own("import torch\ntorch.ones(3)\n")),
    _solved("a built-in's name reused", _own("sum = 0\nlist = [1, 2]\n", "add"), says="one of Python's own names"),
    _solved("a function's name reused later", _own("add = 5\nmean = None\n", "test_descend")),
    _solved("numpy's name reused", _own("np = 3\n", "test_descend")),
]

# The contents of cells

CODE = [
    _with(
        "a helper above",
        add="def check(a, b):\n    if a.shape != b.shape:\n        raise ValueError('shape')\n\n\n" + SOLVED["add"],
    ),
    _solved(
        "a helper in a cell below",
        lambda d: (
            d.solve(mean="def mean(boxes):\n    return average(boxes)\n"),
            d.insert(
                "test_mean",
                "def average(boxes):\n    return Box(sum(b.data for b in boxes) / COUNT(boxes))\n\n\nCOUNT = len\n",
            ),
            d.insert("test_mean", "def COUNT(x):\n    return len(x)\n"),
        ),
    ),
    _solved(
        "constants of one's own",
        lambda d: (
            d.solve(
                descend="def descend(box, gradient, rate):\n    box.data = box.data + SIGN * rate * gradient\n    return box\n"
            ),
            d.insert("add", "SIGN = -1\n"),
        ),
    ),
    _with(
        "magics",
        add="%matplotlib inline\n" + SOLVED["add"] + "\n!pip install numpy\n%timeit add(Box([1]), Box([2]))\n",
        says="notebook commands",
    ),
    _with("cell magic", add="%%time\n" + SOLVED["add"], says="notebook commands"),
    _with("help asked for", add=SOLVED["add"] + "\n?np.add\n", says="notebook commands"),
    _with("help asked for at the end of a line", add=SOLVED["add"] + "\nnp.maximum?\n", says="np.maximum?"),
    _with("what the shell says, kept", add="files = !ls\n" + SOLVED["add"], says="files = !ls"),
    _with("a shell command over several lines", add="!echo a \\\n  b\n" + SOLVED["add"], says="!echo a"),
    _with("a package installed without a sign", add="pip install numpy\n" + SOLVED["add"], says="pip install numpy"),
    _with(
        "a statement timed inside a function",
        mean="def mean(boxes):\n    %time total = sum(b.data for b in boxes)\n    return Box(total / len(boxes))\n",
        says="the statement after it was read",
    ),
    _with(
        "a command alone in a block",
        add="def add(a, b):\n    if a.shape != b.shape:\n        raise ValueError('shape')\n    if a.shape == ():\n        !date\n    return Box(a.data + b.data)\n",
        says="!date",
    ),
    _with(
        "a line that goes on with a percent sign, and a command",
        descend="def descend(box, gradient, rate):\n    box.data = box.data - (rate * gradient\n        % 1e9 if rate < 0 else rate * gradient)\n    return box\n\n%timeit 1 + 1\n",
        says="%timeit",
    ),
    _with(
        "prompts that were pasted along",
        mean=">>> def mean(boxes):\n...     return Box(sum(b.data for b in boxes) / len(boxes))\n",
        says="prompts",
    ),
    _with(
        "a cell that is indented as a whole",
        mean="    def mean(boxes):\n        return Box(sum(b.data for b in boxes) / len(boxes))\n",
        says="indented",
    ),
    _with("spaces from a web page", add=SOLVED["add"].replace("    ", "\u00a0\u00a0\u00a0\u00a0"), says="non-breaking"),
    _with(
        "tabs",
        add="def add(a, b):\n\tif a.shape != b.shape:\n\t\traise ValueError('shape')\n\treturn Box(a.data + b.data)\n",
    ),
    _with("much printing", add=SOLVED["add"].replace("    return", "    print('x' * 10**6)\n    return")),
    _with(
        "warnings and logs",
        add="import logging, warnings\n"
        + SOLVED["add"].replace("    return", "    warnings.warn('careful')\n    logging.error('oh')\n    return"),
    ),
    _with(
        "numpy's warnings", mean=SOLVED["mean"].replace("    return", "    np.float64(1) / np.float64(0)\n    return")
    ),
    _with(
        "an own check that fails at the end",
        add=SOLVED["add"] + "\nassert add(Box([1]), Box([1])).data == 3, 'hm'\n",
        says="hm",
    ),
    _with("a trial call that fails", add=SOLVED["add"] + "\nadd(Box([1]), Box([1, 2]))\n", says="shapes differ"),
    _with("a name that is not there", add=SOLVED["add"] + "\nprint(undefined_name)\n", says="undefined_name"),
    _with(
        "annotations of the future",
        add="from __future__ import annotations\n\n\ndef add(a: Nowhere, b: Nowhere) -> Later:\n"
        + SOLVED["add"].split("def add(a, b):\n")[1],
    ),
    _with("a lambda", mean="mean = lambda boxes: Box(np.mean([b.data for b in boxes], axis=0))\n"),
    _with(
        "an object that can be called",
        mean="class Mean:\n    def __call__(self, boxes):\n        return Box(np.mean([b.data for b in boxes], axis=0))\n\n\nmean = Mean()\n",
    ),
    _with(
        "a function made by a function",
        mean="def make():\n    def inner(boxes):\n        return Box(np.mean([b.data for b in boxes], axis=0))\n    return inner\n\n\nmean = make()\n",
    ),
    _with(
        "a decorator",
        mean="import functools\n\n\ndef loud(f):\n    @functools.wraps(f)\n    def g(*a):\n        return f(*a)\n    return g\n\n\n@loud\n"
        + SOLVED["mean"].split("\n", 1)[1],
    ),
    _with(
        "a class of one's own",
        add="class Sum(Box):\n    pass\n\n\ndef add(a, b):\n    if a.shape != b.shape:\n        raise ValueError('shape')\n    return Sum(a.data + b.data)\n",
    ),
    _with(
        "an own kind of error",
        add="class ShapeError(ValueError):\n    pass\n\n\n" + SOLVED["add"].replace("ValueError", "ShapeError"),
    ),
    _with(
        "a list instead of a generator",
        halves="def halves(box, smallest=SMALLEST):\n    found, data = [], box.data / 2\n    while data.max() >= smallest:\n        found.append(Box(data))\n        data = data / 2\n    return found\n",
    ),
    _with(
        "recursion",
        halves="def halves(box, smallest=SMALLEST):\n    half = Box(box.data / 2)\n    if half.data.max() >= smallest:\n        yield half\n        yield from halves(half, smallest)\n",
    ),
    _with(
        "a memory of calls",
        mean="seen = {}\n\n\ndef mean(boxes):\n    seen[id(boxes)] = boxes\n    return Box(np.mean([b.data for b in boxes], axis=0))\n",
    ),
    _with(
        "the stub's line left behind",
        add=SOLVED["add"] + "    raise NotImplementedError(\"exercise 'add' is not solved yet: write it\")\n",
    ),
    _with(
        "letters of other alphabets",
        mean="def mean(boxes):\n    größe = len(boxes)\n    Σ = sum(b.data for b in boxes)\n    return Box(Σ / größe)  # ✓\n",
    ),
    _with(
        "a slow answer",
        mean="import time\n\n\ndef mean(boxes):\n    time.sleep(0.3)\n    return Box(np.mean([b.data for b in boxes], axis=0))\n",
    ),
]

# One part is weak; the others still count

PARTS = [
    _with("one exercise not solved", points=60, add=STUB),
    _with("one cell with a comment alone", points=60, says="neither this cell nor", add="# no time\n"),
    _with("one exercise wrong, another uses it", points=60, add="def add(a, b):\n    return Box(a.data - b.data)\n"),
    _with(
        "one exercise right for the visible case alone",
        points=70,
        add="def add(a, b):\n    return Box([4.0, 6.0]) if a.shape == (2,) and a.data[0] == 1 and b.data[0] == 3 else Box(a.data - b.data)\n",
    ),
    _with("one syntax error", points=60, says="SyntaxError", add="def add(a, b)\n    return Box(a.data + b.data)\n"),
    _with(
        "one indentation error", points=60, says="IndentationError", add="def add(a, b):\nreturn Box(a.data + b.data)\n"
    ),
    _with(
        "one quotation mark from a word processor",
        points=60,
        says="SyntaxError",
        add="def add(a, b):\n    return “Box”\n",
    ),
    _with(
        "one cell that never ends", points=60, says="did not finish", add=SOLVED["add"] + "\nwhile True:\n    pass\n"
    ),
    _with(
        "one function that never ends",
        points=70,
        descend="def descend(box, gradient, rate):\n    while True:\n        pass\n",
    ),
    _with(
        "one function that ends the process",
        points=70,
        halves="import os\n\n\ndef halves(box, smallest=1):\n    os._exit(1)\n",
    ),
    _with(
        "one function that needs too much memory",
        points=70,
        descend="def descend(box, gradient, rate):\n    return Box(np.ones((10**6, 10**6)))\n",
    ),
    _with(
        "one exercise half right",
        points=75,
        descend="def descend(box, gradient, rate):\n    return Box(box.data - rate * gradient)\n",
    ),
    _with(
        "an argument modified",
        points=75,
        descend="def descend(box, gradient, rate):\n    gradient *= rate\n    box.data = box.data - gradient\n    return box\n",
    ),
    Case("nothing but one exercise", lambda d: d.solve("halves"), 20),
    Case("an answer that uses an exercise not solved", lambda d: d.solve("mean"), 20),
]

# Submissions that can't be judged; the message says what to do

REFUSED = [
    _encoded("cut off by a full disk", lambda d: _text(d).encode()[:5000], points=0, refused=True, says="incomplete or damaged"),
    _encoded("empty", lambda d: b"", points=0, refused=True, says="empty"),
    _encoded("zeros after a crash", lambda d: bytes(4096), points=0, refused=True, says="empty"),
    _encoded("a web page saved instead", lambda d: b"<!DOCTYPE html><html></html>", points=0, refused=True, says="is a web page"),
    _encoded("a PDF under its name", lambda d: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", points=0, refused=True, says="is a PDF"),
    _encoded("a packed folder under its name", lambda d: b"PK\x03\x04\x14\0\0\0\x08\0", points=0, refused=True, says="is a ZIP file"),
    _encoded("a picture under its name", lambda d: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", points=0, refused=True, says="is a picture"),
    _encoded("a program under its name", lambda d: b"import numpy as np\n\nx = 1\n", points=0, refused=True, says="is a Python program"),
    _encoded("a merge conflict", lambda d: b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> theirs\n", points=0, refused=True, says="merge conflict"),
    _encoded("another notebook without code", lambda d: json.dumps({"nbformat": 4, "cells": []}).encode(), points=0, refused=True, says="no code cell"),
    _encoded("Latin-1", lambda d: _text(d).replace("boxes", "böxes").encode("latin-1", "replace"), points=0, refused=True, says="UTF-8"),
    _solved("a Python file instead", lambda d: (d.files.update({"boxes.py": b"x = 1"}), setattr(d, "name", "")), 0, refused=True, says="boxes.py"),
    _solved("two notebooks and neither is it", lambda d: (d.files.update({"a.ipynb": b"{}", "b.ipynb": b"{}"}), setattr(d, "name", "")), 0, refused=True, says="several"),
    _solved("nothing at all", lambda d: setattr(d, "name", ""), 0, refused=True, says="missing"),
]  # fmt: skip

HONEST = [*FILES, *CELLS, *CODE, *PARTS, *REFUSED]
assert len({case.name for case in HONEST}) == len(HONEST) >= 40
