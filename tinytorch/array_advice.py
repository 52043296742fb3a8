"""Say what to do when a word of PyTorch is asked of `x.data`, which is a numpy array here, or text is added to numbers.

numpy's own error can't be changed, so a sentence is put below it: in a script by `sys.excepthook`, in a notebook after
the cell. Promises: nothing is said about other errors, and other ways of showing errors keep working.
"""

import builtins
import sys

import numpy as np


def advice_for(error, known):
    """Give the sentence for an error, or None; `known(word)` tells whether a Tensor has that word."""
    if isinstance(error, TypeError) and str(error).startswith("ufunc '"):
        return "A Tensor can be combined with Tensors, arrays and numbers; this is something else, such as text or None"
    array, word = getattr(error, "obj", None), getattr(error, "name", None)
    if not isinstance(error, AttributeError) or not isinstance(array, np.ndarray) or not known(word):
        return None
    instead = f"with no_grad(): x.{word}(...)" if word.endswith("_") else f"x.detach().{word}(...)"
    return f"x.data is a numpy array here, and {word!r} belongs to a Tensor. Write instead: {instead}"


def below_tracebacks(known):
    """Put the advice below the traceback of a script that ends with such an error, and below such a cell's."""
    before = sys.excepthook

    def with_advice(kind, error, trace):
        advice = advice_for(error, known)
        if advice:
            error.add_note(advice)
        before(kind, error, trace)

    sys.excepthook = with_advice
    shell = getattr(builtins, "get_ipython", lambda: None)()  # IPython puts it there
    if shell is not None:
        shell.events.register("post_run_cell", lambda result: after_a_cell(result, known))


def after_a_cell(result, known):
    """Print the advice for the error that a notebook's cell ended with."""
    advice = advice_for(getattr(result, "error_in_exec", None), known)
    if advice:
        print(advice, file=sys.stderr)
