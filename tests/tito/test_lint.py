"""`tito module lint`: every rule of docs/writing-a-module.md finds what breaks it, at its line."""

import re
from pathlib import Path

import pytest
from tito.curriculum import load_curriculum
from tito.staff.lint import lint_module

ROOT = Path(__file__).resolve().parents[2]


def lint(course: Path) -> list[str]:
    module = load_curriculum(course).find("scale")
    return [f"{finding.line}: {finding.message}" for finding in lint_module(module)]


def source_of(course: Path) -> Path:
    return course / "modules" / "01_scale" / "scale_dev.py"


@pytest.mark.parametrize("course_dir", [ROOT / "course", ROOT / "tests" / "tiny_course"], ids=["real", "tiny"])
def test_the_modules_themselves_have_nothing_to_mend(course_dir: Path):
    written = load_curriculum(course_dir).written
    assert [str(finding) for module in written for finding in lint_module(module)] == []


# what is changed, what replaces it, the message, and text of the line that it must name ("" for line 1 or the file).
RULES = {
    "title": ("# # Scale\n", "# # Scales\n", "the first cell must be text that begins with '# Scale'", "# # Scales"),
    "placeholder": ("# {{module}}\n", "# easy\n", "the header must have {{module}}", "# # Scale"),
    "connection map": ("used for", "good for", "connection map must have 'used for'", "# # Scale"),
    "missing heading": (
        "# ## Systems Analysis\n",
        "# ## Systems\n",
        "there must be one heading '## Systems Analysis'",
        None,
    ),
    "order of headings": (
        "# ## Setup\n",
        "# ## Module Summary\n# ## Setup\n",
        "'## Setup' must come before '## Module Summary'",
        "# ## Setup",
    ),
    "numbers of parts": ("## Part 2:", "## Part 3:", "this one is 'Part 2: ...'", "# ## Part 3: Half of it"),
    "symbols": ("# ## Setup", "# ### 🚀 Go\n# ## Setup", "headings may have no symbols but", "# ### 🚀 Go"),
    "where it lives": (
        "`tinytorch.core.scale`",
        "`core`",
        "must name tinytorch.core.scale",
        "# ## Where this code lives",
    ),
    "picture": ("print(measured", "plt.show()\nprint(measured", "a picture must be followed by", "measured = np.zeros"),
    "folded answer": ("<details>", "<p>", "must have a question with a folded answer", "# ## Part 1: Times a number"),
    "sidebar": ("Production Reality", "Real life", "at least one '💡 **Production Reality**'", None),
    "torch": ("import numpy as np\n", "import numpy as np\nimport torch\n", "must not import torch", "#| default_exp"),
    "checkpoint reads PyTorch": (
        "PyTorch's `torch.mul`",
        "That",
        "ask students to find their own function in lines of PyTorch",
        "# ## 🤔 Checkpoint",
    ),
    "rubric": (
        "Rubric: 0 no number; half",
        "Rubric: 0 no number; some",
        "the question and 'Rubric: 0 ...;",
        "# ### BEGIN SOL",
    ),
    "sample answer": (
        "# ### BEGIN SOLUTION\n",
        "",
        "a sample answer must be between '### BEGIN SOLUTION'",
        "# 4000 bytes for 1000 numbers",
    ),
    "docstring": ("    TODO: write", "    Write", "the docstring of 'scale' must have 'TODO:'", "def scale"),
    "hint": ("    HINT: `*`", "    A `*`", "the docstring of 'scale' must have 'HINT:'", "def scale"),
    "not exported": (
        '"grade_id": "scale", "solution": true}\n#| export\n',
        '"grade_id": "scale", "solution": true}\n',
        "exports' lists scale, but no cell with '#| export' defines it",
        "",
    ),
    "two functions in a cell": (
        "def halve(x):",
        "def quarter(x):\n    return x\n\n\ndef halve(x):",
        "must define exactly that function or class, it defines quarter, halve",
        "#| export",
    ),
    "undeclared export": (
        "import numpy as np\n",
        "import numpy as np\n\n\ndef third(x):\n    return x\n",
        "'third' is exported but not in",
        "def third",
    ),
    "no solution": (
        "    ### BEGIN SOLUTION\n    return scale(x, 0.5)\n    ### END SOLUTION",
        "    return scale(x, 0.5)",
        "'halve' must have its solution between",
        "#| export",
    ),
    "open solution": (
        "    ### END SOLUTION\n\n# %% [markdown]\n# ### 🧪 Unit Test: scale",
        "\n# %% [markdown]\n# ### 🧪 Unit Test: scale",
        "'### BEGIN SOLUTION' has no '### END SOLUTION'",
        "    ### BEGIN SOLUTION",
    ),
    "solution elsewhere": (
        "measured = np.zeros",
        "### BEGIN SOLUTION\n### END SOLUTION\nmeasured = np.zeros",
        "' is allowed only in a solution cell",
        "### BEGIN SOLUTION",
    ),
    "test heading": (
        "### 🧪 Unit Test: scale",
        "### Test of scale",
        "must be followed by a text cell '### 🧪 Unit Test: scale'",
        "#| export",
    ),
    "imports": (
        "import numpy as np\n",
        "import numpy as np\nimport scipy\n",
        "earlier tinytorch.core modules, not scipy",
        "import scipy",
    ),
    "later module": (
        "import numpy as np\n",
        "import numpy as np\nfrom tinytorch.core.shift import shift\n",
        "not tinytorch.core.shift",
        "from tinytorch.core.shift",
    ),
    "class of another module": (
        "measured = np",
        "from tinytorch.core.affine import Affine\n\nAffine.extra = 1\nmeasured = np",
        "a cell must not assign to another cell's class",
        "Affine.extra = 1",
    ),
    "setattr on a class": (
        "measured = np",
        "from tinytorch.core.affine import Affine\n\nsetattr(Affine, 'extra', 1)\nmeasured = np",
        "a cell must not assign to another cell's class",
        "setattr(Affine",
    ),
    "start of a test": (
        'test = unit_test("scale")',
        'test = unit_test("halve")',
        'must start with: test = unit_test("scale")',
        'test = unit_test("halve")',
    ),
    "end of a test": (
        "### END HIDDEN TESTS\ntest.report()",
        "### END HIDDEN TESTS",
        "must end with: test.report()",
        'test = unit_test("scale")',
    ),
    "points of checks": (
        '"two numbers", points=15',
        '"two numbers", points=20',
        "must add up to the exercise's 50, they add up to 55",
        'test = unit_test("scale")',
    ),
    "visible share": (
        "points=15)",
        "points=45)",
        "visible checks must have 20 to 45 % of the points",
        'test = unit_test("scale")',
    ),
    "points as a number": ("points=15)", "points=10 + 5)", "must give its points as a number", "def _():"),
    "same title": (
        '@test.check("random numbers", points=35',
        '@test.check("two numbers", points=35',
        "two checks have the title 'two numbers'",
        "def _():",
    ),
    "hidden unmarked": (
        "points=35, hidden=True",
        "points=35",
        "is hidden from students: add hidden=True",
        '@test.check("random numbers", points=35',
    ),
    "marked not hidden": (
        "points=15)",
        "points=15, hidden=True)",
        "has hidden=True outside '### BEGIN HIDDEN TESTS'",
        '@test.check("two numbers"',
    ),
    "assert": (
        "    close(scale(x, -2.5), x * -2.5)",
        "    assert scale(1.0, 1) == 1.0",
        "not assert",
        "    assert scale",
    ),
    "np.random": (
        "x = test.rng.normal(size=(3, 4))",
        "x = np.random.normal(size=(3, 4))",
        "draw random numbers from test.rng",
        "    x = np.random",
    ),
    "errors alone": (
        "    close(scale(x, -2.5), x * -2.5)",
        "    raises(TypeError, scale, None, 2)",
        "passes for a function that always raises",
        "def _():",
    ),
    "an error's message alone": (
        "    close(scale(x, -2.5), x * -2.5)",
        "    message = raises(TypeError, scale, None, 2)\n    true('None' in message, 'it names None')",
        "passes for a function that always raises",
        "def _():",
    ),
    "nothing compared": (
        "    close(scale(x, -2.5), x * -2.5)",
        "    with unchanged(x):\n        scale(x, 2)",
        "passes for a function that always raises",
        "def _():",
    ),
    "in place through data": (
        "    close(scale(x, -2.5), x * -2.5)",
        "    x.data[0] = 1",
        "never in place through .data",
        "    x.data[0] = 1",
    ),
    "augmented data": (
        "    close(scale(x, -2.5), x * -2.5)",
        "    x.data += 1",
        "never in place through .data",
        "    x.data += 1",
    ),
    "framework objects": (
        "    close(scale(x, -2.5), x * -2.5)",
        "    same(scale(x, 1), Tensor(x))",
        "compare plain numbers and arrays, not a Tensor",
        "    same(scale",
    ),
    "class in a test": (
        "    close(scale(x, -2.5), x * -2.5)",
        "    class Mine:\n        pass",
        "a test cell must not define a class",
        "    class Mine",
    ),
    "lambda into student code": (
        "    close(scale(x, -2.5), x * -2.5)",
        "    scale(lambda v: v, 2)",
        "must not be passed to student code (scale)",
        "    scale(lambda",
    ),
    "function into student code": (
        "    close(scale(x, -2.5), x * -2.5)",
        "    def mine(v):\n        return v\n\n    scale(mine, 2)",
        "must not be passed to student code (scale)",
        "    scale(mine",
    ),
    "loop without a count": (
        "    close(scale(x, -2.5), x * -2.5)",
        "    for item in scale(x, 2):\n        close(item, item)",
        "student code returned also needs a count",
        "    for item",
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_broken_rule_is_found_at_its_line(course: Path, rule: str):
    old, new, message, line_text = RULES[rule]
    path = source_of(course)
    text = path.read_text()
    assert old in text, "the rule's test no longer fits the tiny module"
    path.write_text(text.replace(old, new, 1))
    found = [line for line in lint(course) if message in line]
    assert found, lint(course)
    if line_text is not None:
        lines = path.read_text().split("\n")
        named = [lines[int(each.split(":")[0]) - 1] for each in found]
        assert any(line.startswith(line_text) for line in named), named


@pytest.mark.parametrize(
    "harmless",
    [
        "    for factor in (1, 2, 3):\n        close(scale(x, factor), x * factor)",
        "    shapes = [(1,), (2, 3)]\n    for shape in shapes:\n        same(scale(np.ones(shape), 2).shape, shape)",
        "    items = scale(x, 2)\n    same(len(items), 3)\n    for item in items:\n        close(item, item)",
        "    raises(ValueError, lambda: scale(x, x))\n    close(scale(x, 2), x * 2)",
        "    for row in x:\n        close(scale(row, 2), 2 * row)",
    ],
)
def test_what_is_allowed_is_not_found(course: Path, harmless: str):
    path = source_of(course)
    path.write_text(path.read_text().replace("    close(scale(x, -2.5), x * -2.5)", harmless))
    assert lint(course) == []


def test_a_picture_with_too_few_steps_is_found(course: Path):
    path = source_of(course)
    picture = "# %%\nplt.show()\n\n# %% [markdown]\n# **What's happening**\n# 1. one\n# 2. two\n\n"
    path.write_text(
        path.read_text().replace("# %% [markdown]\n# ## Systems", picture + "# %% [markdown]\n# ## Systems")
    )
    assert [re.sub(r"^\d+: ", "", line) for line in lint(course)] == [
        "'What's happening' must have 3 to 5 numbered steps, not 2"
    ]


def test_a_prediction_is_no_picture(course: Path):
    path = source_of(course)
    cell = '# %%\nviz.Prediction("numbers", "How many?", lambda: 650)\n\n'
    path.write_text(path.read_text().replace("# %% [markdown]\n# ## Systems", cell + "# %% [markdown]\n# ## Systems"))
    assert lint(course) == []


@pytest.mark.parametrize(
    ("without", "message"),
    [
        (0, "one exercise in a module must have no 'APPROACH:'"),
        (1, ""),
        (2, "only one exercise may have no 'APPROACH:', and 'scale' already has none"),
    ],
)
def test_from_module_09_on_exactly_one_exercise_has_no_approach(course, monkeypatch, without, message):
    path = source_of(course)
    path.write_text(path.read_text().replace("    APPROACH:\n", "", without))
    monkeypatch.setattr("tito.staff.lint_exercises.FIRST_ALONE", 1)
    monkeypatch.setattr("tito.staff.lint_exercises.ALWAYS_ALONE", 1)
    found = lint(course)
    assert (len(found), message in "".join(found)) == (1 if message else 0, True), found


def test_from_module_02_on_one_exercise_may_have_no_approach(course, monkeypatch):
    path = source_of(course)
    monkeypatch.setattr("tito.staff.lint_exercises.FIRST_ALONE", 1)
    assert lint(course) == []
    path.write_text(path.read_text().replace("    APPROACH:\n", "", 1))
    assert lint(course) == []


def test_too_many_lines_of_solution_are_found(course: Path):
    path = source_of(course)
    path.write_text(
        path.read_text().replace("    return scale(x, 0.5)", "    x = x\n" * 100 + "    return scale(x, 0.5)")
    )
    assert any("at most 90 lines of solution, this one has 103" in line for line in lint(course)), lint(course)


def test_the_command_prints_file_and_line_and_ends_with_1(course: Path, tito):
    path = source_of(course)
    path.write_text(path.read_text().replace("    TODO: write", "    Write", 1))
    answer = tito("module", "lint", "scale")
    assert answer.code == 1
    assert re.search(r"scale_dev.py:\d+: the docstring of 'scale' must have 'TODO:'", answer.out)
    assert tito("module", "lint", "shift").code == 0
    assert tito("module", "lint", "scale", "--json").json[0]["line"] > 1
