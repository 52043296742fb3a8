"""The settings of layers, losses, optimizers, schedules and loaders: checked by name when these are made.

`checking` puts `KINDS` around an `__init__`, whoever builds the class. Promises: a value of the wrong kind is an error
that says what the setting takes; text is never a size, a number or a truth value; None is fine where it is the default;
settings that the table doesn't name are left to the class.
"""

import functools
import inspect
import numbers
import operator
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tinytorch.bound import is_tensor


class Kind(NamedTuple):
    """What a setting takes, in words and as a test; refusing a value of type `of` is a ValueError, not a TypeError."""

    takes: str
    fits: Callable[[Any], bool]
    of: type | tuple[()] = ()


def is_whole(value: Any, least: float = -float("inf")) -> bool:
    """Tell whether a value counts something, from `least` on."""
    try:
        return operator.index(value) >= least
    except TypeError:
        return False


def are_whole(value: Any, least: int) -> bool:
    """Tell whether a value is a whole number, or a list of them."""
    return all(is_whole(part, least) for part in (value if isinstance(value, (tuple, list)) else [value]))


def are_output_sizes(value: Any) -> bool:
    """Tell whether a value is one size or several; None among several leaves one as it is."""
    parts = value if isinstance(value, (tuple, list)) else [value]
    return are_whole([part for part in parts if part is not None or parts is not value], 1)


def is_number(value: Any, least: float = -float("inf")) -> bool:
    """Tell whether a value is a number, from `least` on, or a Tensor of one."""
    if is_tensor(value):
        return value.numel() == 1
    return isinstance(value, numbers.Real) and not value < least  # nan is a number


def is_row(value: Any) -> bool:
    """Tell whether a value can be looped over; text does not count."""
    return (isinstance(value, Iterable) or hasattr(value, "__getitem__")) and not isinstance(value, (str, bytes))


def are_betas(value: Any) -> bool:
    """Tell whether a value is a pair of shares below 1."""
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(is_number(b, 0) and b < 1 for b in value)


def one_of(*words: str) -> Kind:
    """Make the kind of a setting that is one of these words."""
    return Kind(f"one of {', '.join(map(repr, words))}", lambda value: isinstance(value, str) and value in words, str)


SIZE = Kind("a whole number from 1 on", lambda value: is_whole(value, 1), numbers.Integral)
HEADS = SIZE._replace(fits=lambda value: is_whole(value, 0))  # 0 of them has an error of its own in module 12
COUNT = Kind("a whole number from 0 on", lambda value: is_whole(value, 0), numbers.Integral)
WHOLE = Kind("a whole number", is_whole)
SIZES = Kind("a whole number from 1 on, or a tuple of them,", lambda value: are_whole(value, 1), numbers.Integral)
COUNTS = Kind("a whole number from 0 on, or a tuple of them,", lambda value: are_whole(value, 0), numbers.Integral)
NUMBER = Kind("a number", is_number)
FROM_0 = Kind("a number from 0 on", lambda value: is_number(value, 0), numbers.Real)
SHARE = Kind("a number from 0 to 1", lambda value: is_number(value, 0) and value <= 1, numbers.Real)
TRUTH = Kind("True or False", lambda value: not isinstance(value, (str, bytes)))
ROW = Kind("a list", is_row)
TENSOR = Kind("a Tensor, one number for each class,", is_tensor)
FUNCTION = Kind("a function", callable)
REDUCTION = one_of("mean", "sum", "none", "batchmean")

KINDS: dict[str, Kind] = {
    **dict.fromkeys(
        ("in_channels", "out_channels", "embed_dim", "d_model", "dim_feedforward", "num_parameters", "vocabulary",
         "context", "num_samples", "step_size", "T_max"), SIZE),
    # PyTorch takes 0 of these, and so do units that are removed one by one until none is left
    **dict.fromkeys(("in_features", "out_features", "num_features", "num_embeddings", "embedding_dim"), COUNT),
    **dict.fromkeys(("num_heads", "nhead", "heads"), HEADS),
    "batch_size": Kind("a whole number from 1 on, or None,", lambda value: value is None or is_whole(value)),
    **dict.fromkeys(("num_workers", "total_iters", "patience", "cooldown", "prefetch_factor"), COUNT),
    **dict.fromkeys(("dim", "start_dim", "end_dim", "padding_idx", "ignore_index"), WHOLE),
    **dict.fromkeys(("kernel_size", "stride"), SIZES),
    "output_size": SIZES._replace(fits=are_output_sizes),
    **dict.fromkeys(("padding", "normalized_shape"), COUNTS),
    **dict.fromkeys(
        ("lr", "alpha", "negative_slope", "init", "eta_min", "gamma", "factor", "start_factor", "end_factor",
         "threshold", "min_lr", "p", "timeout"), NUMBER),
    **dict.fromkeys(
        ("eps", "layer_norm_eps", "momentum", "weight_decay", "lr_decay", "initial_accumulator_value", "dampening",
         "beta", "delta"), FROM_0),
    **dict.fromkeys(("label_smoothing", "dropout"), SHARE),
    "betas": Kind("two numbers from 0 to below 1", are_betas),
    **dict.fromkeys(
        ("bias", "elementwise_affine", "batch_first", "norm_first", "shuffle", "drop_last", "replacement", "nesterov",
         "centered", "log_target", "inplace", "pin_memory", "persistent_workers"), TRUTH),
    **dict.fromkeys(
        ("milestones", "indices", "datasets", "weights", "sampler", "batch_sampler", "unflattened_size",
         "parameters"), ROW),
    **dict.fromkeys(("weight", "pos_weight"), TENSOR),
    "modules": Kind("a list of modules, or a dict of them,", is_row),
    "dataset": Kind("examples that are asked for by number", lambda value: hasattr(value, "__getitem__")),
    "data_source": Kind("examples with a length", lambda value: hasattr(value, "__len__")),
    **dict.fromkeys(("collate_fn", "worker_init_fn", "lr_lambda"), FUNCTION),
    "optimizer": Kind("an optimizer", lambda value: hasattr(value, "param_groups")),
    "generator": Kind("a Generator", lambda value: hasattr(value, "permutation")),
    "reduction": REDUCTION,
    "approximate": one_of("none", "tanh"),
    "activation": Kind("'relu', 'gelu' or a function", lambda value: callable(value) or value in ("relu", "gelu")),
}  # fmt: skip


def checking(make: Callable) -> Callable:
    """Let an `__init__` refuse values that its settings cannot have."""
    own = list(inspect.signature(make).parameters.values())[1:]
    names = [p.name for p in own if p.kind is p.POSITIONAL_OR_KEYWORD]
    known = {p.name: (KINDS[p.name], p.default is None) for p in own if p.name in KINDS}

    @functools.wraps(make)
    def __init__(self, *arguments, **options):
        for name, value in (*zip(names, arguments, strict=False), *options.items()):
            if name in known:
                check(type(self).__name__, name, value, *known[name])
        make(self, *arguments, **options)

    return __init__


def check(whose: str, name: str, value: Any, kind: Kind, may_be_none: bool) -> None:
    """Refuse a value that a setting cannot have."""
    if not (kind.fits(value) or (value is None and may_be_none)):
        said = f"{whose} takes {kind.takes} as {name}, got {type(value).__name__}: {value!r:.40}"
        raise (ValueError if isinstance(value, kind.of) else TypeError)(said) from None


def check_text(word: str, names: Iterable[str], arguments: tuple, options: dict) -> None:
    """Say that text was given where a function that failed takes none."""
    for name, value in (*zip(names, arguments, strict=False), *options.items()):
        if isinstance(value, str) and name in KINDS and not name.endswith("dim"):  # explaining.py knows the shape
            check(word, name, value, KINDS[name], may_be_none=False)
