"""Options of PyTorch that are not built here: accepted if they change no value, otherwise an error that says so.

`docs/pytorch.md` shows this table; `understanding` puts it around functions, and around `__init__` of layers, losses,
optimizers and schedules, whoever builds them. Promises: an option that a function has itself is its own; the value that
PyTorch takes by default is always fine.
"""

import functools
import inspect
from collections.abc import Callable
from typing import NamedTuple

from tinytorch.bound import is_tensor
from tinytorch.settings import check_text, checking


class Ignored(NamedTuple):
    """The numbers are the same for every value."""

    why: str


class Only(NamedTuple):
    """These values are what happens here anyway; for others there is another way."""

    values: tuple
    instead: str


class Numbers(NamedTuple):
    """It is here, but its values are numbers; text in their place means something else in PyTorch."""

    instead: str


class Called(NamedTuple):
    """Another name, as numpy has it, of an option that is here."""

    name: str


class First(NamedTuple):
    """Done to the tensor that is given."""

    method: str


class Into(NamedTuple):
    """Where the result is written, too."""


class Then(NamedTuple):
    """Done to what was made."""

    method: str


IN_ONE_GO = Ignored("how steps are grouped changes no number")
NO_MEMORY = Ignored("it saves no memory here")
ON_CPU = Only((None, "cpu"), "leave it out: the only device is the CPU")
OLD = Only((None,), "reduction='mean', 'sum' or 'none'")
LOSS_WEIGHT = Only((None,), "reduction='none', then multiply by the weights and take the mean")
INTO = Into()
RESUME = Only((-1,), "load_state_dict of the schedule")
WHOLE_WINDOWS = Only((False,), "pad with cat first, so that the windows fit")
MAXIMIZE = Only((False,), "loss = -loss before backward()")
NO_LIMIT = Only((None,), "embedding.weight.copy_(...) under no_grad(), limited by clamp or norm")
EMBEDDING = {
    "max_norm": NO_LIMIT, "norm_type": Ignored("it belongs to max_norm"), "sparse": NO_MEMORY,
    "scale_grad_by_freq": Only((False,), "dividing .grad by the counts before step()"),
}  # fmt: skip
NUMPYS = {"axis": Called("dim"), "keepdims": Called("keepdim")}
IN_DTYPE = {"dtype": First("to")}

# place -> option -> what happens to it; "*" applies to everything there
OPTIONS: dict[str, dict[str, dict[str, NamedTuple]]] = {
    "tinytorch.nn": {
        "*": {
            "device": ON_CPU, "dtype": Then("to"), "inplace": NO_MEMORY, "size_average": OLD, "reduce": OLD,
        },
        "Parameter": {"requires_grad": Then("requires_grad_")},
        "Conv2d": {
            "padding": Numbers("padding=kernel_size // 2 for 'same' (odd kernels, stride 1), padding=0 for 'valid'"),
            "dilation": Only((1, (1, 1)), "a larger kernel"),
            "groups": Only((1,), "one Conv2d for each of x.chunk(groups, dim=1), and cat"),
            "padding_mode": Only(("zeros",), "cat with what should be at the edges, and padding=0"),
        },
        "MaxPool2d": {
            "padding": Only((0, (0, 0)), "cat with rows of -inf first"),
            "dilation": Only((1, (1, 1)), "x[..., ::2, ::2] before it"),
            "return_indices": Only((False,), "argmax of tinytorch.nn.functional.unfold"),
            "ceil_mode": WHOLE_WINDOWS,
        },
        "AvgPool2d": {
            "ceil_mode": WHOLE_WINDOWS,
            "count_include_pad": Only((True,), "division by the mean of ones that were padded alike"),
            "divisor_override": Only((None,), "the mean times kernel size / divisor"),
        },
        "BatchNorm1d": {
            "affine": Only((True,), "requires_grad_(False): weight is 1 and bias 0"),
            "bias": Only((True,), "requires_grad_(False) of bias"),
            "track_running_stats": Only((True,), "train(): batches are normalized by themselves"),
        },
        "Embedding": EMBEDDING,
        "MultiheadAttention": {
            "add_bias_kv": Only((False,), "cat of a Parameter to key and value"),
            "add_zero_attn": Only((False,), "cat of zeros to key and value"),
            "kdim": Only((None,), "a Linear before it"),
            "vdim": Only((None,), "a Linear before it"),
        },
        "Softplus": {
            "beta": Only((1, 1.0), "Softplus() of beta * x, divided by beta"),
            "threshold": Ignored("it is exact far out, too"),
        },
        "SiLU": {}, "Sigmoid": {}, "Tanh": {}, "ReLU6": {}, "LogSigmoid": {}, "Identity": {},
    },
    "tinytorch.nn.Module": {
        "*": {
            "recurse": Only((True,), "those in vars(module)"), "prefix": Only(("",), "the prefix before each name"),
            "remove_duplicate": Only((True,), "nothing: each is listed once"), "memo": Only((None,), "nothing"),
            "destination": Only((None,), "dict.update"), "assign": Only((False,), "nothing: numbers are copied"),
            "keep_vars": Only((False,), "named_parameters()"),
        },
        **{name: {} for name in (
            "parameters", "named_parameters", "buffers", "named_buffers", "modules", "named_modules", "state_dict",
            "load_state_dict")},
    },
    "tinytorch.nn.functional": {
        "*": {
            "dtype": First("to"), "inplace": NO_MEMORY, "size_average": OLD, "reduce": OLD, "_stacklevel": NO_MEMORY,
        },
        "conv2d": {
            "dilation": Only((1, (1, 1)), "a larger kernel"),
            "groups": Only((1,), "one conv2d for each of x.chunk(groups, dim=1), and cat"),
        },
        "max_pool2d": {"padding": Only((0, (0, 0)), "cat with rows of -inf first"), "ceil_mode": WHOLE_WINDOWS},
        "avg_pool2d": {"ceil_mode": WHOLE_WINDOWS},
        "embedding": EMBEDDING,
        "mse_loss": {"weight": LOSS_WEIGHT},
        "l1_loss": {"weight": LOSS_WEIGHT},
        "huber_loss": {"weight": LOSS_WEIGHT},
        "normalize": {"out": INTO},
        "unfold": {"dilation": Only((1, (1, 1)), "a larger kernel")},
        "dropout": {}, "leaky_relu": {}, "silu": {}, "log_softmax": {}, "softmax": {}, "elu": {}, "relu6": {},
        "cross_entropy": {}, "nll_loss": {}, "binary_cross_entropy": {}, "binary_cross_entropy_with_logits": {},
        "kl_div": {}, "smooth_l1_loss": {},
    },
    "tinytorch.optim": {
        "*": {
            "foreach": IN_ONE_GO, "fused": IN_ONE_GO, "capturable": IN_ONE_GO, "maximize": MAXIMIZE,
            "differentiable": Only((False,), "nothing: gradients of gradients are not recorded here"),
        },
        "Adam": {
            "amsgrad": Only((False,), "AdamW, or a lower learning rate"),
            "decoupled_weight_decay": Only((False,), "AdamW"),
        },
        "AdamW": {"amsgrad": Only((False,), "a lower learning rate")},
    },
    "tinytorch.optim.lr_scheduler": {"*": {"last_epoch": RESUME, "verbose": Ignored("print get_last_lr() yourself")}},
    "tinytorch": {
        "*": {"out": INTO, "layout": Ignored("all tensors are dense"), "pin_memory": Ignored("there is no GPU"),
              "memory_format": Ignored("it changes no number")},
        **dict.fromkeys(("sum", "mean", "prod", "norm"), NUMPYS | IN_DTYPE),
        **dict.fromkeys(
            ("amax", "amin", "max", "min", "argmax", "argmin", "var", "std", "any", "all", "median", "logsumexp"),
            NUMPYS),
        **{name: {"axis": Called("dim")} for name in ("cat", "stack", "concat", "concatenate", "unsqueeze", "squeeze")},
        **{name: {"axis": Called("dim"), **IN_DTYPE} for name in ("softmax", "log_softmax", "cumsum", "cumprod")},
        **{name: {} for name in (
            "add", "sub", "mul", "div", "matmul", "mm", "exp", "tensor", "zeros", "ones", "empty", "full", "rand",
            "randn", "randint", "arange", "eye", "linspace", "zeros_like", "ones_like", "rand_like", "randn_like")},
        "save": {"pickle_module": Ignored("nothing is pickled"), "pickle_protocol": Ignored("nothing is pickled")},
        "load": {"pickle_module": Ignored("nothing is pickled"), "mmap": NO_MEMORY},
    },
}  # fmt: skip
OPTIONS["tinytorch.nn"]["BatchNorm2d"] = OPTIONS["tinytorch.nn"]["BatchNorm1d"]


def options_of(place: str, word: str, everything: bool = False) -> dict[str, NamedTuple]:
    """List what PyTorch's `word` takes and is not built here; `everything`: also of words that the table leaves out."""
    table = OPTIONS.get(place, {})
    if word not in table and not everything:
        return {}
    return {**table.get("*", {}), **table.get(word, {})}


def understanding(function: Callable, place: str, word: str, everything: bool = False) -> Callable:
    """Let a function take PyTorch's other options, or say what to do instead; without any, return it as it is."""
    known = options_of(place, word, everything)
    own = inspect.signature(function).parameters
    known = {name: what for name, what in known.items() if name not in own or isinstance(what, Numbers)}
    if not known or any(p.kind is p.VAR_KEYWORD for p in own.values()):
        return function

    @functools.wraps(function)
    def understood(*arguments, **options):
        others = known.keys() & options.keys() if options else ()
        if not others:
            try:
                return function(*arguments, **options)
            except (AttributeError, TypeError) as error:
                if function.__name__ != "__init__":  # which has been checked
                    check_text(word, own, arguments, options)
                check_are_tensors(word, arguments, error)
                raise
        shown = type(arguments[0]).__name__ if function.__name__ == "__init__" else word
        arguments, kept, after = settled(shown, arguments, options, {name: known[name] for name in others})
        made = function(*arguments, **kept)
        for method, value in after:
            made = written(made, value) if method == "out" else getattr(arguments[0], method)(value)
        return None if function.__name__ == "__init__" else made

    return understood


def check_are_tensors(word: str, arguments: tuple, error: Exception) -> None:
    """Say that Tensors are needed, if one of the arguments is not one and lacks what a Tensor has."""
    if (
        isinstance(error, AttributeError)
        and word in OPTIONS["tinytorch.nn.functional"]
        and any(error.obj is x for x in arguments)
        and not is_tensor(error.obj)
    ):
        kind = type(error.obj).__name__
        raise TypeError(f"{word} takes Tensors, got {kind}: {error.obj!r:.40}. Use tensor(data)") from None


def written(made, out):
    """Write a result into the tensor `out`, and return that."""
    if made.requires_grad or out.requires_grad:
        raise RuntimeError("out= keeps no history, and one of the inputs wants a gradient: use the result instead")
    return out.copy_(made)


def settled(word: str, arguments: tuple, options: dict, known: dict[str, NamedTuple]) -> tuple[tuple, dict, list]:
    """Decide on each option: return the arguments, the options that are left, and what is to be done afterwards."""
    kept, after = {name: value for name, value in options.items() if name not in known}, []
    for name, what in known.items():
        value = options[name]
        if isinstance(what, Called):
            kept[what.name] = value
        elif isinstance(what, First) and value is not None:
            arguments = (getattr(arguments[0], what.method)(value), *arguments[1:])
        elif isinstance(what, Then) and value is not None:
            after.append((what.method, value))
        elif isinstance(what, Into) and value is not None:
            after.append(("out", value))
        elif isinstance(what, Numbers) and not isinstance(value, str):
            kept[name] = value
        elif isinstance(what, Numbers) or (isinstance(what, Only) and (is_tensor(value) or value not in what.values)):
            raise TypeError(f"{word} has no {name}={value!r:.40}, which PyTorch has. Use instead: {what.instead}")
    return arguments, kept, after


def with_options(kind: type, place: str) -> None:
    """Let a class of this framework take PyTorch's other options when it is made, and refuse impossible settings."""
    if not kind.__module__.startswith("tinytorch."):
        return
    if kind.__name__ in OPTIONS[place] and kind.__init__ is object.__init__:
        kind.__init__ = nothing_to_remember(kind)  # type: ignore[misc]
    if "__init__" in vars(kind):
        kind.__init__ = understanding(checking(kind.__init__), place, kind.__name__, everything=True)  # type: ignore[misc]


def nothing_to_remember(kind: type) -> Callable:
    """Make an __init__ that takes nothing, whose errors name the class."""

    def __init__(self):
        pass

    __init__.__qualname__ = f"{kind.__name__}.__init__"
    return __init__


def with_options_of_methods(kind: type, place: str = "tinytorch") -> None:
    """Let the methods that a class defines take PyTorch's other options."""
    for word in OPTIONS[place].keys() & vars(kind).keys():
        if inspect.isfunction(method := vars(kind)[word]):
            setattr(kind, word, understanding(method, place, word))


def described(what: NamedTuple) -> str:
    """Say what happens to an option."""
    if isinstance(what, Ignored):
        return f"accepted: {what.why}"
    if isinstance(what, Numbers):
        return f"numbers only; else use {what.instead}"
    if isinstance(what, Only):
        return f"only {' or '.join(map(repr, what.values))}; else use {what.instead}"
    return f"another name for `{what.name}=`" if isinstance(what, Called) else "accepted"
