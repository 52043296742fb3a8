"""A cell is read as the notebook would read it: IPython syntax costs no exercise, and Python code stays."""

import ast

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from tito.checks.notebook_syntax import MOST_COMMANDS, as_python

SOLUTION = "def f(x):\n    return x + 1\n"
UNDERSTOOD = [
    "np.maximum?",
    "np.maximum??",
    "?np.maximum",
    "files = !ls",
    "files, rest = !ls -l",
    "result = %timeit -o f(1)",
    "y = %time f(1)",
    "%time y = f(1)",
    "%timeit -n 10 f(1)",
    '!echo "it\'s"',
    "!echo (",
    "!ls \\\n  -l",
    "!!ls",
    "%matplotlib inline",
    "%env A=b",
    "for i in range(2):\n    !echo {i}",
]


def is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("command", UNDERSTOOD)
@pytest.mark.parametrize("cell", ["{command}\n" + SOLUTION, SOLUTION + "{command}", SOLUTION + "{command}\ng = f\n"])
def test_what_ipython_understands_leaves_the_solution_and_its_lines(command, cell):
    source = cell.replace("{command}", command)
    assert is_python(TransformerManager().transform_cell(source))
    mended, said = as_python(source)
    found = next(node for node in ast.parse(mended).body if isinstance(node, ast.FunctionDef))
    assert source.splitlines()[found.lineno - 1] == "def f(x):"
    assert ast.get_source_segment(mended, found) == SOLUTION.strip()
    assert "line " in said[-1]


@pytest.mark.parametrize(
    "source",
    [
        "y = (x\n    % 1.0)\n",
        'text = """\n%time\n!ls\nwhat?\n"""\n',
        "y = x \\\n  % 2\n",
        "def f():\n    return 1  # why?\n",
    ],
)
def test_what_is_python_stays_beside_a_command(source):
    assert as_python(source) == (source, [])
    assert as_python(source + "%timeit 1\n")[0] == source + "pass"


def test_a_timed_statement_stays_where_it_stood():
    mended, said = as_python("def f(x):\n    %time y = x + 1\n    return y\n")
    assert mended.splitlines() == ["def f(x):", "    y = x + 1", "    return y"]
    assert "line 2" in said[0] and "the statement after it was read" in said[0]


@pytest.mark.parametrize("source", ["def f(x)\n    return x\n", "x = = 3  # sure?\n", "%time\n" + "x = = 1\n"])
def test_what_is_no_python_and_no_command_stays_to_be_told(source):
    assert as_python(source) == (source, [])


def test_many_commands_are_bounded():
    source = "!ls\n" * (MOST_COMMANDS + 1)
    assert as_python(source) == (source, [])
