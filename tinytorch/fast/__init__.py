"""Train real models with the framework of this course: its operations computed by the fastest numpy that we know.

>>> from tinytorch import fast
>>> fast.enable()                        # from here on; returns the names of what was switched
>>> fast.disable()                       # as it was before
>>> with fast.enabled():                 # or only inside
...     trainer.fit(loader, epochs=10)

Each implementation is registered under the name "fast", next to the student's own, which stays as it is.
Promises: results and gradients agree within 1e-5 of the size of the numbers; what it has no fast way for (other dtypes,
shapes that don't fit) is left to the implementation that was there, errors included; a result goes back by the rule of
the implementation that made it; switched off, a training is bit for bit the one that it would have been.

What is one operation here was several before: a profile taken meanwhile names `linear_in_one`, `norm_in_one`,
`attention_in_one`, `conv2d_in_one` and `surprises`, and counts no products in them. Profile what students built, inside
`with tinytorch.profiling.as_built():`.

It computes what exercises ask for, so it isn't given to students before these are closed: `ANSWERS` lists the modules,
and `tito package build` leaves it out.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tinytorch.fast.switching import NAME, found, switch

# A student who still builds one of these modules may not have this package.
ANSWERS = (
    "activations",
    "layers",
    "losses",
    "autograd",
    "optimizers",
    "spatial",
    "embeddings",
    "attention",
    "transformers",
    "kvcaching",
    "acceleration",
)

_BEFORE: dict[str, str] = {}  # operation -> the implementation that was used before enable()


def enable() -> tuple[str, ...]:
    """Compute with everything that there is a fast way for; return the names of these operations.

    A second call changes nothing. Modules that aren't built yet are skipped.
    """
    before = switch(dict.fromkeys(found(), NAME))
    for operation, name in before.items():
        _BEFORE.setdefault(operation, name)
    return tuple(sorted(before))


def disable() -> None:
    """Compute again as before enable(); without it, nothing happens."""
    switch(_BEFORE)
    _BEFORE.clear()


def is_enabled() -> bool:
    """Tell whether enable() was called, and disable() not since."""
    return bool(_BEFORE)


@contextmanager
def enabled() -> Iterator[tuple[str, ...]]:
    """Compute fast inside `with fast.enabled():`, and afterwards as before it; it may be nested."""
    before = switch(dict.fromkeys(found(), NAME))
    try:
        yield tuple(sorted(before))
    finally:
        switch(before)


__all__ = ["ANSWERS", "NAME", "disable", "enable", "enabled", "is_enabled"]
