"""What a Module can do that module 03 doesn't teach: PyTorch's other words for what is in it.

Promises: what a student builds (`named_tensors`, `state_dict`, `load_state_dict`, `train`) does the work; tensors that
`forward` leaves behind are no state.
"""

from typing import NamedTuple

from tinytorch.bound import is_tensor
from tinytorch.missing import INSTEAD, explain
from tinytorch.options import with_options, with_options_of_methods


class Incompatible(NamedTuple):
    """What load_state_dict(strict=False) passed over."""

    missing_keys: list
    unexpected_keys: list


def beside(module):
    """Return the names defined next to the class Module."""
    return type(module).__call__.__globals__


class State:
    """Tensors in attributes: parameters and buffers are state, others are not."""

    def __setattr__(self, name, value):
        plain = is_tensor(value) and not isinstance(value, beside(self)["Parameter"]) and name not in vars(self)
        vars(self).get("_others", {}).pop(name, None)
        if plain:
            vars(self).setdefault("_others", {})[name] = value
        else:
            object.__setattr__(self, name, value)

    def __getattr__(self, name):  # asked only for what is no attribute
        others = vars(self).get("_others", {})
        if name in others:
            return others[name]
        if name.startswith("_"):
            raise AttributeError(name)
        said = explain("tinytorch.nn.Module", name, [*others, *vars(self)], type(self).__name__)
        own = (
            "" if name in INSTEAD["tinytorch.nn.Module"] else f"; what forward() uses is set as self.{name} in __init__"
        )
        raise AttributeError(said + own)

    def __delattr__(self, name):
        if vars(self).get("_others", {}).pop(name, None) is None:
            object.__delattr__(self, name)

    def register_buffer(self, name, tensor, persistent=True):
        """Keep a tensor that is saved with the model and not trained."""
        if persistent or tensor is None:
            vars(self)[name] = tensor
        else:
            setattr(self, name, tensor)

    def register_parameter(self, name, parameter):
        setattr(self, name, parameter)

    def named_buffers(self):
        kind = beside(self)["Parameter"]
        return ((name, x) for name, x in beside(self)["named_tensors"](self) if not isinstance(x, kind))

    def buffers(self):
        return (tensor for _, tensor in self.named_buffers())

    def state_dict(self):
        """Return {full name: a copy} of all tensors."""
        names = beside(self)
        return {name: names["Tensor"](array) for name, array in names["state_dict"](self).items()}

    def load_state_dict(self, state, strict=True):
        """Take over the tensors of `state`; strict=False passes over names that only one side has."""
        if not hasattr(state, "items"):
            raise TypeError(
                f"load_state_dict takes what state_dict() gave, got {type(state).__name__}: read a file with "
                "tinytorch.load(path) first"
            )
        load, own = beside(self)["load_state_dict"], beside(self)["state_dict"](self)
        missing, unexpected = [n for n in own if n not in state], [n for n in state if n not in own]
        arrays = {name: x.data if is_tensor(x) else x for name, x in state.items() if strict or name in own}
        load(self, arrays if strict else own | arrays)
        return Incompatible(missing, unexpected)

    def zero_grad(self, set_to_none=True):
        for parameter in self.parameters():
            parameter.grad = None


class Tree:
    """Modules in modules."""

    def named_children(self):
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Tree))

    def children(self):
        return (value for _, value in self.named_children())

    def named_modules(self, prefix=""):
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(f"{prefix}.{name}" if prefix else name)

    def add_module(self, name, module):
        setattr(self, name, module)

    register_module = add_module

    def get_submodule(self, name):
        for part in name.split(".") if name else []:
            self = getattr(self, part)
        return self

    def get_parameter(self, name):
        place, _, last = name.rpartition(".")
        return getattr(self.get_submodule(place), last)

    def apply(self, function):
        """Call `function` on every module in this one, and on itself last."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def __repr__(self):
        return tree(self)


class Moved:
    """Other dtypes; the only device is the CPU."""

    def to(self, *targets, **options):
        for _, tensor in beside(self)["named_tensors"](self):
            if tensor.is_floating_point():
                tensor.data = tensor.detach().to(*targets, **options).data
        return self

    def cpu(self):
        return self

    def cuda(self, device=None):
        return self.to("cuda")

    def float(self):
        return self.to("float32")

    def double(self):
        return self.to("float64")

    def requires_grad_(self, requires_grad=True):
        """Freeze all parameters, or let them learn again."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self


class ModuleBase(State, Tree, Moved):
    """The base of Module."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        with_options(cls, "tinytorch.nn")
        if cls.__name__ == "Module":
            with_options_of_methods(cls, "tinytorch.nn.Module")

    def extra_repr(self):
        return ""


for part in (State, Tree):
    with_options_of_methods(part, "tinytorch.nn.Module")


def tree(module, indent=""):
    """Write a module as a tree, as PyTorch does."""
    head = f"{type(module).__name__}("
    lines = [f"{indent}  ({name}): {tree(child, indent + '  ')}" for name, child in module.named_children()]
    return "\n".join([head, *lines, f"{indent})"]) if lines else f"{head}{module.extra_repr()})"


class ListBase:
    """Modules by number: what Sequential and ModuleList share."""

    def __setattr__(self, name, value):
        if name.isdigit() and not (isinstance(value, Tree) or is_tensor(value)):  # it would never be called
            shown = getattr(value, "__name__", type(value).__name__)
            instead = "Sequential(*layers)" if isinstance(value, (list, tuple)) else "a layer such as ReLU()"
            raise TypeError(f"{type(self).__name__} holds modules, got {shown}: write {instead}")
        super().__setattr__(name, value)

    def __len__(self):
        return len(list(self.children()))

    def __iter__(self):
        return self.children()

    def _name(self, index):
        names = [name for name, _ in self.named_children()]
        try:
            return names[index]
        except IndexError:
            raise IndexError(f"there are {len(names)} modules here, got the index {index}: count from 0") from None

    def __getitem__(self, index):
        if isinstance(index, slice):
            return self._of(list(self.children())[index])
        return getattr(self, self._name(index))

    def __setitem__(self, index, module):
        setattr(self, self._name(index), module)

    def __delitem__(self, index):
        self._fill([m for i, m in enumerate(self.children()) if i != range(len(self))[index]])

    def _fill(self, modules):
        """Hold these modules and no others, under the names 0, 1, 2, ..."""
        for name in [name for name, _ in self.named_children()]:
            delattr(self, name)
        for index, module in enumerate(modules):
            setattr(self, str(index), module)
        return self

    def append(self, module):
        setattr(self, str(len(self)), module)
        return self

    def extend(self, modules):
        for module in modules:
            self.append(module)
        return self

    def insert(self, index, module):
        modules = list(self.children())
        modules.insert(index, module)
        return self._fill(modules)

    def pop(self, index):
        module = self[index]
        del self[index]
        return module
