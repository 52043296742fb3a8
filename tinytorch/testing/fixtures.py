"""Factories for objects that must live with the student's code: models, data sets, scripted losses.

They take the student's classes, so that a test cell never sends a function or a class of its own into student code.
Every factory here is imported by the process that runs student code; it needs numpy alone.
"""

import sys
import tracemalloc
from itertools import pairwise
from types import SimpleNamespace

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
                buffer = getattr(member, "requires_grad", True) is False  # a plain Tensor is kept only on request
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


def scripted_machine(costs, cold=0.0, drift=0.0, noise=(1.0,)):
    """Return a machine whose times are known: candidates to run, and a clock that only their runs move forward.

    `costs`: name -> seconds of a run; `cold`: seconds more for the first run of each. Run number k of all (from 0)
    takes (1 + drift * k) times as long, and that times the k-th number of `noise`, which starts again after its end.
    `.candidates` has a function without arguments for each name, `.clock` gives seconds, `.ran` lists who ran.
    """

    class Machine:
        def __init__(self):
            self.ran, self.now = [], 0.0
            self.candidates = {name: self.runner(name) for name in costs}

        def runner(self, name):
            def run():
                number = len(self.ran)
                extra = cold if name not in self.ran else 0.0
                self.now += (costs[name] + extra) * (1 + drift * number) * noise[number % len(noise)]
                self.ran.append(name)

            return run

        def clock(self):
            return self.now

    return Machine()


def scripted(values):
    """Return a function that gives `values` one after the other, no matter what it is called with; `.calls` counts."""

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

    Its length is the number of places in it. No gradient comes back through what it gives.
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


def stays_below(limit_bytes, function, *inputs, **options):
    """Call the function; tell whether Python and numpy never held `limit_bytes` more than before."""
    tracemalloc.start()
    try:
        function(*inputs, **options)
        return tracemalloc.get_traced_memory()[1] < limit_bytes
    finally:
        tracemalloc.stop()


def without(operation, function, *inputs, **options):
    """Call the function while the default way of an operation is away; what asks for it gets a RuntimeError."""
    from tinytorch.core.tensor import IMPLEMENTATIONS

    def gone(*inputs, **options):
        raise RuntimeError(f"{operation} as it was did the work: compute it another way")

    ways = IMPLEMENTATIONS[operation]
    default, ways["default"] = ways["default"], gone
    try:
        return function(*inputs, **options)
    finally:
        ways["default"] = default


def caching_model(Tensor, vocabulary, context, layers=2, sureness=50.0):
    """Return a language model that takes caches, and needs all numbers before and their places to say what follows.

    What follows is the sum of number times place (counted from 1), modulo `vocabulary`: its score is `sureness`, others
    have 0. It takes ids (batch, new), `caches` with one for each of `layers` blocks, and `start`, and keeps numbers and
    places in the caches as keys and values (batch, 1, new, 1). `.reads` lists (start, new) of each call, `.recorded`
    whether operations on tensors were recorded for gradients.
    """

    def model(ids, caches=None, start=0):
        array = np.asarray(ids.data)
        if array.ndim != 2 or array.shape[1] > context - start:
            raise ValueError(f"the context has {context} places, got ids of the shape {array.shape} from place {start}")
        places = np.broadcast_to(np.arange(start + 1, start + array.shape[1] + 1), array.shape)
        known = [Tensor(x[:, None, :, None].astype(np.float32)) for x in (array, places)]
        for cache in [None] * layers if caches is None else caches:
            given = known if cache is None else cache.append(*known)
        numbers, all_places = (np.asarray(x.data)[:, 0, :, 0] for x in given)
        sums = np.cumsum(numbers * all_places, axis=1)[:, numbers.shape[1] - array.shape[1] :]
        following = sums.astype(np.int64) % vocabulary
        out = Tensor(sureness * np.eye(vocabulary, dtype=np.float32)[following], requires_grad=True) * 1.0
        model.reads.append((start, int(array.shape[1])))
        model.recorded.append(bool(out.requires_grad))
        return out

    attention = SimpleNamespace(num_heads=1, key=SimpleNamespace(weight=np.ones((1, 1), dtype=np.float32)))
    model.context, model.blocks = context, [SimpleNamespace(attention=attention)] * layers
    model.reads, model.recorded = [], []
    return model


def clocked_run(*takes):
    """Return something to call that takes `takes` by a clock of its own, the last one again and again.

    `.clock()` reads that clock, `.calls` counts. Nothing really waits.
    """

    class ClockedRun:
        def __init__(self):
            self.takes, self.now, self.calls = takes, 64.0, 0

        def __call__(self):
            self.now += self.takes[min(self.calls, len(self.takes) - 1)]
            self.calls += 1

        def clock(self):
            return self.now

    return ClockedRun()


def clocked_step(Tensor, script, between=0.0, inside=None, fails=False):
    """Return something to call without arguments that calls operations made for it, by a clock of its own.

    script: (operation, seconds) for each call; each takes and gives an array (2, 3). between: what passes before each.
    inside: operation -> the operation that it calls while it works, which takes one second more. fails: whether a
    RuntimeError ends it. `.clock()` reads the clock, `.out` is the last result, a Tensor that wants a gradient.
    """
    core = sys.modules[Tensor.__module__]

    class ClockedStep:
        def __init__(self):
            self.script, self.between, self.inside, self.fails = script, between, inside or {}, fails
            self.now, self.takes, self.out = 64.0, 0.0, None
            names = {*(name for name, _ in script), *self.inside.values()}
            self.operations = {name: core.primitive(self.operation(name)) for name in names}

        def operation(self, name):
            def compute(a):
                self.now += self.takes
                if name in self.inside:
                    self.takes = 1.0
                    self.operations[self.inside[name]](Tensor(a))
                return 2.0 * a

            compute.__name__ = name
            return compute

        def __call__(self):
            self.out = Tensor(np.ones((2, 3), dtype=np.float32), requires_grad=True)
            for name, seconds in self.script:
                self.now += self.between
                self.takes = seconds
                self.out = self.operations[name](self.out)
            self.now += self.between
            if self.fails:
                raise RuntimeError("the last operation failed")

        def clock(self):
            return self.now

    return ClockedStep()


def using_memory(held, given_back):
    """Return something to call that makes arrays of `held` bytes, keeps them, makes others, and drops these.

    held, given_back: lists of sizes in bytes. `.held` are the arrays that it keeps.
    """

    class UsingMemory:
        def __init__(self):
            self.sizes, self.held = (held, given_back), []

        def __call__(self):
            self.held = [np.zeros(size, dtype=np.uint8) for size in held]
            dropped = [np.zeros(size, dtype=np.uint8) for size in given_back]
            del dropped

    return UsingMemory()


def calling(function, *arguments):
    """Return something to call that calls `function(*arguments)`; `.result` is what it gave last."""

    class Calling:
        def __init__(self):
            self.arguments, self.result = arguments, None

        def __call__(self):
            self.result = function(*arguments)

    return Calling()


def in_turn(*functions):
    """Return something to call without arguments that calls each of `functions` in turn."""

    class InTurn:
        def __init__(self):
            self.functions = functions

        def __call__(self):
            for function in self.functions:
                function()

    return InTurn()


def recipe_steps():
    """Return `.steps` of a recipe whose models are lists of numbers: name -> step(model, amount).

    "add" and "times" change the list itself and return it, "inside" changes the list inside it, "copy" returns
    another one, "draw" appends a number from the course's generator, "fail" raises. `.calls` lists the names of the
    steps that were called.
    """
    from tinytorch.random import generator

    class Steps:
        def __init__(self):
            self.calls = []
            names = ("add", "times", "inside", "copy", "draw", "fail")
            self.steps = {name: self.noting(name, getattr(self, name)) for name in names}

        def noting(self, name, way):
            def step(model, amount):
                self.calls.append(name)
                return way(model, amount)

            return step

        def add(self, model, amount):
            model[:] = [number + amount for number in model]
            return model

        def times(self, model, amount):
            model[:] = [number * amount for number in model]
            return model

        def inside(self, model, amount):
            model[0][:] = [number * amount for number in model[0]]
            return model

        def copy(self, model, amount):
            return [*model, amount]

        def draw(self, model, amount):
            model.append(round(amount * float(generator().random()), 6))
            return model

        def fail(self, model, amount):
            raise RuntimeError(f"a step failed with {amount}")

    return Steps()


def recipe_run():
    """Return `.run`, a function of an order of (step, amount) that gives measures; `.orders` lists what it was given.

    "points" are the amounts, each times its place from 1 on; "steps" is how many there are.
    """

    class Run:
        def __init__(self):
            self.orders = []

        def run(self, order):
            self.orders.append([tuple(step) for step in order])
            points = float(sum(place * amount for place, (_, amount) in enumerate(order, start=1)))
            return {"points": points, "steps": len(order)}

    return Run()
