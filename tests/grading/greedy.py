"""Submissions that would cost the judge itself time or memory: by the values they return, or by being parsed."""

import json
from pathlib import Path

from tito.checks.link import Budget
from tito.curriculum import load_curriculum
from tito.source.release import staff_notebook

COURSE = Path(__file__).parent / "greedy_course"
SLUG = "rows"
# Each is returned to the module's check of that name, which walks through it, sorts it, joins it...
VALUES = {
    "rows": "np.zeros((2**39, 2, 0))",
    "batches": "[range(5 * 10**6)]",
    "lists": "np.zeros((2**20, 0, 2))",
    "ragged": "[range(10**6)] * 2",
    "sorted": "range(10**12, 0, -1)",
    "length": "Endless()",
    "joined": "[np.zeros((2**30, 0))] * 4",
    "iterator": "iter(int, 1)",
    "text": "'four' * 10**7",
    "error": "fail()",
    "keys": "{'k' * 1000 * i: i for i in range(50)}",
    "number": "10**12",
    "nested": "nested(list(range(1000)), 60)",
    "listed": "np.zeros(2**25, dtype='u1')",
    "size": "4",
}
HELPERS = """
class Endless:
    def __len__(self): return 10**15
    def __getitem__(self, index): return [1, 2]
def nested(x, depth):
    for _ in range(depth): x = [x]
    return x
def fail(): raise ValueError("four " * 10**7)
"""
# Python's parser takes quadratic time on the first ones, or is slow, or recurses deeply; the judge must not parse
# any of them for more than a moment.
SOURCES = {
    "a module of 98,000 dots": "import a" + ".b" * 98_000,
    "a module of 20,000 dots": "import a" + ".b" * 20_000,
    "from a module of dots": "from a" + ".b" * 20_000 + " import c",
    "dots with blanks": "import a" + " .\tb" * 9_000,
    "dots over line ends": "import a" + ".\\\nb" * 9_000,
    "a relative module of dots": "from " + "." * 40_000 + "a import b",
    "fields of a text": "f'" + "{a}" * 16_000 + "'",
    "a line of names": "a," * 90_000,
    "a sum": "a" + "+a" * 24_000,
    "signs": "-" * 49_000 + "1",
    "brackets": "(" * 49_000,
    "brackets that close": ("(" * 190 + ")" * 190 + "\n") * 120,
    "blocks": "\n".join(" " * i + "if 1:" for i in range(300)),
    "a tuple that is none": "(" + "a," * 24_000 + "a b)",
    "an open text": "'''" + "a\n" * 24_000,
}
# Three times the product's time for reading: where memory is scarce, first touching a gigabyte takes many seconds.
SHORT = Budget(request_seconds=5.0, check_seconds=10.0, total_seconds=120.0, reading_seconds=30.0, restarts=20)


def value_of(values: dict[str, str]) -> str:
    """Write an answer to the exercise `value` that returns these values, and the correct ones otherwise."""
    lines = [f"    if kind == {kind!r}: return {text}" for kind, text in values.items()]
    right = "    return {'size': 4, 'number': 4, 'text': 'abcd', 'keys': {'a': 1, 'b': 2}}.get(kind, [[1, 2], [3, 4]])"
    error = "    if kind == 'error': raise ValueError('four is wanted')"
    return "\n".join([HELPERS, "def value(kind):", *lines, error, right, ""])


def write(folder: Path, values: dict[str, str] | None = None, sources: dict[str, str] | None = None) -> Path:
    """Write the solved module with these values, and with extra cells before all others."""
    curriculum = load_curriculum(COURSE)
    nb = json.loads(staff_notebook(curriculum.find(SLUG), curriculum))
    for cell in nb["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "value" and values is not None:
            cell["source"] = value_of(values)
    own = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": s}
        for s in (sources or {}).values()
    ]
    nb["cells"] = own + nb["cells"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{SLUG}.ipynb").write_text(json.dumps(nb))
    return folder
