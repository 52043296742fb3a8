"""One random generator for everything: initial weights, dropout, shuffling and sampling.

>>> manual_seed(0)          # from here on, every run draws the same numbers
>>> generator().standard_normal(3)

Promises: nothing in tinytorch draws numbers anywhere else, so that one seed repeats a whole run, and
`set_rng_state(get_rng_state())` continues it to the same bits after a checkpoint. Code that is given a `Generator`
draws only from that one.
"""

import numpy as np

_generator = np.random.default_rng()


class Generator:
    """A separate source, in PyTorch's words; it draws as numpy's generators do."""

    def __init__(self, device="cpu"):
        self.source = np.random.default_rng(0)

    def manual_seed(self, seed: int) -> "Generator":
        """Restart from `seed` and return itself."""
        restart(self.source, seed)
        return self

    def get_state(self) -> dict:
        return self.source.bit_generator.state

    def set_state(self, state: dict) -> None:
        self.source.bit_generator.state = state

    def __getattr__(self, name):  # random, standard_normal, integers, permutation, choice
        if name == "source":  # while it is being copied there is none yet
            raise AttributeError(name)
        return getattr(self.source, name)


def restart(source: np.random.Generator, seed: int) -> None:
    """Let a generator begin from `seed` (an integer >= 0)."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"a seed must be an integer from 0 on, got {seed!r}: call manual_seed(0)")
    source.bit_generator.state = np.random.default_rng(int(seed)).bit_generator.state


def manual_seed(seed: int) -> np.random.Generator:
    """Restart the generator from `seed` (an integer >= 0) and return it."""
    restart(_generator, seed)
    return _generator


def generator() -> np.random.Generator:
    """Return the generator; it stays the same object for the life of the process."""
    return _generator


def get_rng_state() -> dict:
    """Return the generator's state, plain numbers and strings, to be kept in a checkpoint."""
    return _generator.bit_generator.state


def set_rng_state(state: dict) -> None:
    """Continue from a state that get_rng_state returned."""
    _generator.bit_generator.state = state
