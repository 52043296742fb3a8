"""Factories for objects that must live with the student's code: models, data sets, scripted losses.

They take the student's classes, so that a test cell never sends a function or a class of its own into student code.
Every factory here is imported by the process that runs student code; it needs numpy alone.
"""

import sys
from itertools import pairwise

import numpy as np


def mlp(Module, Linear, sizes, activation=None):
    """Return a model of class `Module` with one `Linear` per pair of `sizes` and `activation` between them."""

    class MLP(Module):
        def __init__(self):
            super().__init__()
            for index, (fan_in, fan_out) in enumerate(pairwise(sizes)):
                setattr(self, f"layer{index}", Linear(fan_in, fan_out))

        def forward(self, x):
            for index in range(len(sizes) - 1):
                x = getattr(self, f"layer{index}")(x)
                if activation is not None and index < len(sizes) - 2:
                    x = activation(x)
            return x

    return MLP()


def module_with(Module, **members):
    """Return an instance of a subclass of `Module` whose attributes are `members`, set in the order given."""

    class Given(Module):
        def __init__(self):
            super().__init__()
            for name, member in members.items():
                buffer = getattr(member, "requires_grad", True) is False  # a plain Tensor is kept only if it is said
                (self.register_buffer if buffer else self.__setattr__)(name, member)

    return Given()


def doubling_module(Module):
    """Return a `Module` whose forward gives `x + x`: to test what calling a module does."""

    class Doubling(Module):
        def forward(self, x):
            return x + x

    return Doubling()


def counting_dataset(Dataset, n, width=2):
    """Return a `Dataset` of `n` pairs: row i is `[i, i, ...]` (float32, `width` long), its label i.

    `.asked` lists the indices that were read, in order.
    """

    class Counting(Dataset):
        def __init__(self):
            self.asked = []

        def __len__(self):
            return n

        def __getitem__(self, index):
            if not 0 <= index < n:
                raise IndexError(f"index {index} is not in a data set of {n}")
            self.asked.append(int(index))
            return np.full(width, index, dtype=np.float32), int(index)

    return Counting()


def array_dataset(Dataset, *arrays):
    """Return a `Dataset` over the rows of `arrays` (all equally long)."""

    class Arrays(Dataset):
        def __len__(self):
            return len(arrays[0])

        def __getitem__(self, index):
            return tuple(array[index] for array in arrays)

    return Arrays()


def counting_model(Tensor, vocabulary, context, sureness=50.0):
    """Return a language model by which each number is followed by the next one: `sureness` is its score, others have 0.

    It takes ids (1, T) with T up to `context` and gives scores (1, T, vocabulary). `.lengths` lists the T that it was
    called with, `.recorded` whether operations on tensors were recorded for gradients.
    """

    def model(ids):
        array = np.asarray(ids.data)
        if array.ndim != 2 or not 1 <= array.shape[1] <= context:
            raise ValueError(f"the model takes ids of the shape (1, T) with T from 1 to {context}, got {array.shape}")
        model.lengths.append(int(array.shape[1]))
        scores = sureness * np.eye(vocabulary, dtype=np.float32)[(array + 1) % vocabulary]
        out = Tensor(scores, requires_grad=True) * 1.0
        model.recorded.append(bool(out.requires_grad))
        return out

    model.context, model.lengths, model.recorded = context, [], []
    return model


def scripted(values):
    """Return a function that gives `values` one after the other, whatever it is called with; `.calls` counts."""

    def function(*args, **options):
        function.calls += 1
        if function.calls > len(values):
            raise IndexError(f"the script has {len(values)} values and was called {function.calls} times")
        return values[function.calls - 1]

    function.calls = 0
    return function


def recording(function=None):
    """Return a function that notes its arguments in `.seen` and returns `function(*args)`, or its first argument."""

    def recorder(*args):
        recorder.seen.append(args)
        return function(*args) if function is not None else args[0]

    recorder.seen = []
    return recorder


def stack_collate(samples):
    """Collate a list of samples (tuples of arrays or numbers) into a tuple of stacked arrays."""
    return tuple(np.stack([np.asarray(part) for part in column]) for column in zip(*samples, strict=True))


def recorded_inputs(Tensor, function, *inputs, **options):
    """Call the function; tell for each input whether operations on tensors lead from it to the result.

    What is computed on `.data` is not recorded: no gradient could come back through it. Needs no module 05.
    """
    core = sys.modules[Tensor.__module__]
    before = core.RECORDER.record, core.RECORDER.backward
    core.set_recorder(lambda call, out: setattr(out, "grad_fn", call), None)
    try:
        found, waiting = {}, [function(*inputs, **options)]
    finally:
        core.set_recorder(*before)
    while waiting:
        part = waiting.pop()
        if isinstance(part, (list, tuple)):
            waiting += part
        elif isinstance(part, Tensor) and id(part) not in found:
            found[id(part)] = part
            waiting += part.grad_fn.inputs if part.grad_fn is not None else ()
    return [id(x) in found for x in inputs]


def growing_cache(Tensor):
    """Return a cache of keys and values, empty at first: `append(k, v)` gives those of all calls, one after the other.

    Its length is the number of places that it holds. No gradient comes back through what it gives.
    """

    class Growing:
        def __init__(self):
            self.arrays = None

        def __len__(self):
            return 0 if self.arrays is None else self.arrays[0].shape[-2]

        def append(self, k, v):
            new = [np.asarray(x.data) for x in (k, v)]
            held = self.arrays or [x[..., :0, :] for x in new]
            self.arrays = [np.concatenate(pair, axis=-2) for pair in zip(held, new, strict=True)]
            return tuple(Tensor(x) for x in self.arrays)

    return Growing()
