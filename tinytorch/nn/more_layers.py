"""Layers that no module teaches, and PyTorch's options of those that one does."""

from tinytorch.core import layers
from tinytorch.core.layers import Module, Parameter
from tinytorch.nn import more_functions as functions
from tinytorch.nn.module_base import ListBase
from tinytorch.words import shaping


class ReLU(layers.ReLU):
    """relu as a layer; `inplace` saves no memory here."""

    def __init__(self, inplace=False):
        self.inplace = inplace

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class LeakyReLU(layers.LeakyReLU):
    """leaky_relu as a layer; `inplace` saves no memory here."""

    def __init__(self, negative_slope=0.01, inplace=False):
        super().__init__(negative_slope)

    def extra_repr(self):
        return f"negative_slope={self.negative_slope}"


class Dropout(layers.Dropout):
    """Dropout while training; `inplace` saves no memory here.

    Attributes:
        p: the probability that a number becomes 0.
        inplace: what was asked for; it changes nothing.
    """

    def __init__(self, p=0.5, inplace=False):
        if not 0 <= p <= 1:
            raise ValueError(f"the share to drop must be from 0 to 1, got {p}: write Dropout(0.5)")
        super().__init__(p)
        self.inplace = inplace

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"


class Softmax(layers.Softmax):
    """softmax along `dim` as a layer."""

    def extra_repr(self):
        return f"dim={self.dim}"


class GELU(layers.GELU):
    """gelu as a layer."""

    def __init__(self, approximate="none"):
        self.approximate = approximate

    def forward(self, x):
        return functions.gelu(x, self.approximate)

    def extra_repr(self):
        return f"approximate={self.approximate!r}"


class Flatten(layers.Flatten):
    """Make one dimension of those from start_dim to end_dim."""

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__(start_dim)
        self.end_dim = end_dim

    def extra_repr(self):
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"

    def forward(self, x):
        return shaping.flatten(x, self.start_dim, self.end_dim)


class Unflatten(Module):
    """Make several dimensions of one."""

    def __init__(self, dim, unflattened_size):
        self.dim, self.sizes = dim, tuple(unflattened_size)

    def forward(self, x):
        return shaping.unflatten(x, self.dim, self.sizes)


class LogSoftmax(Module):
    """log_softmax along `dim` as a layer."""

    def __init__(self, dim=-1):
        self.dim = dim

    def forward(self, x):
        return x.log_softmax(dim=self.dim)


class ELU(Module):
    """elu as a layer; `inplace` saves no memory here."""

    def __init__(self, alpha=1.0, inplace=False):
        self.alpha = alpha

    def forward(self, x):
        return functions.elu(x, self.alpha)


class ReLU6(Module):
    """relu6 as a layer; `inplace` saves no memory here."""

    def __init__(self, inplace=False):
        self.inplace = inplace

    def forward(self, x):
        return functions.relu6(x)


class LogSigmoid(Module):
    """logsigmoid as a layer."""

    def forward(self, x):
        return functions.logsigmoid(x)


class Softplus(Module):
    """softplus as a layer."""

    def forward(self, x):
        from tinytorch.core.losses import softplus

        return softplus(x)


class PReLU(Module):
    """leaky_relu whose slope is learned."""

    def __init__(self, num_parameters=1, init=0.25):
        self.weight = Parameter([init] * num_parameters)

    def forward(self, x):
        slope = self.weight.reshape(-1, *[1] * (x.ndim - 2)) if x.ndim > 1 else self.weight
        return x.relu() - slope * (-x).relu()


class ModuleDict(Module):
    """Modules by name; how they are called is up to their owner."""

    def __init__(self, modules=()):
        self.update(modules)

    def update(self, modules):
        for name, module in dict(modules).items():
            setattr(self, name, module)

    def __getitem__(self, name):
        return getattr(self, name)

    def __setitem__(self, name, module):
        setattr(self, name, module)

    def __len__(self):
        return len(self.keys())

    def __iter__(self):
        return iter(self.keys())

    def __contains__(self, name):
        return name in self.keys()

    def keys(self):
        return [name for name, _ in self.named_children()]

    def values(self):
        return list(self.children())

    def items(self):
        return list(self.named_children())


class ParameterList(ListBase, Module):
    """Parameters by number."""

    def __init__(self, parameters=()):
        for index, each in enumerate(parameters):
            setattr(self, str(index), each if isinstance(each, Parameter) else Parameter(each))

    def children(self):
        return (value for value in vars(self).values() if isinstance(value, Parameter))

    def named_children(self):
        return iter(())

    def _name(self, index):
        return str(range(len(self))[index])
