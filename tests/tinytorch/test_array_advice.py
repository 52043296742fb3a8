"""A student who calls a PyTorch method on numpy's array reads below numpy's error what to write instead."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import tinytorch
from tinytorch.array_advice import advice_for, after_a_cell


def error_of(call):
    with pytest.raises(AttributeError) as caught:
        call()
    return caught.value


def known(word):
    return hasattr(tinytorch.Tensor, word)


WORDS = {
    "zero_": "with no_grad(): x.zero_(...)",
    "clone": "x.detach().clone(...)",
    "uniform_": "with no_grad(): x.uniform_(...)",
}


@pytest.mark.parametrize("word", WORDS)
def test_the_advice_names_what_to_write(word):
    advice = advice_for(error_of(lambda: getattr(tinytorch.ones(2).data, word)), known)
    assert advice.endswith(f"Write instead: {WORDS[word]}")


def test_other_errors_get_no_advice():
    assert advice_for(error_of(lambda: np.ones(1).nonsense), known) is None
    assert advice_for(error_of(lambda: "text".zero_), known) is None
    assert advice_for(ValueError("zero_"), known) is None
    assert advice_for(None, known) is None


def test_text_among_numbers_is_said_to_be_none():
    with pytest.raises(TypeError) as caught:
        tinytorch.ones(2).data + "text"
    assert "such as text or None" in advice_for(caught.value, known)
    assert advice_for(TypeError("something else"), known) is None


def test_a_script_and_a_cell_that_end_so_say_it():
    script = "import tinytorch as torch\nw = torch.ones(2, requires_grad=True)\nw.data.fill_(0)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert "no attribute 'fill_'" in result.stderr
    assert result.stderr.endswith("Write instead: with no_grad(): x.fill_(...)\n")


def test_below_a_cell(capsys):
    after_a_cell(SimpleNamespace(error_in_exec=error_of(lambda: np.ones(1).zero_)), known)
    after_a_cell(SimpleNamespace(error_in_exec=None), known)
    assert capsys.readouterr().err.endswith("Write instead: with no_grad(): x.zero_(...)\n")


def test_ipython_shows_it():
    cells = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("import tinytorch as torch; w = torch.ones(2)")
shell.run_cell("w.data.zero_()")
"""
    result = subprocess.run([sys.executable, "-c", cells], capture_output=True, text=True, timeout=60)
    assert "with no_grad(): x.zero_(...)" in result.stderr, result
