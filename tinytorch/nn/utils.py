"""What is done to parameters outside of layers: PyTorch's `torch.nn.utils`."""

import numpy as np

from tinytorch.faces import find, make_face, same_words

__path__: list[str] = []  # so that `import tinytorch.nn.utils.rnn` is looked for, and explained
WORDS = same_words("clip_grad_norm_")

__getattr__, __dir__ = make_face(__name__, WORDS)


def _listed(parameters):
    one = hasattr(parameters, "requires_grad")  # walking over a tensor would give its rows
    return [parameters] if one else list(parameters)


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Scale the gradients of one tensor or of several, as the student's function does; return the norm before."""
    parameters = _listed(parameters)
    if error_if_nonfinite and not all(np.isfinite(p.grad.data).all() for p in parameters if p.grad is not None):
        raise RuntimeError("a gradient is not finite: lower the learning rate, or look for numbers that aren't finite")
    if norm_type != 2:
        raise ValueError(f"only the 2-norm is clipped here, got norm_type={norm_type}")
    norm = find("clip_grad_norm_", f"{__name__}.clip_grad_norm_")(parameters, max_norm)
    return find("tensor", "tinytorch.tensor")(norm)


def clip_grad_value_(parameters, clip_value, foreach=None):
    """Move every number of the gradients into [-clip_value, clip_value]."""
    for parameter in _listed(parameters):
        if parameter.grad is not None:
            parameter.grad.data = parameter.grad.clamp(-clip_value, clip_value).data


def parameters_to_vector(parameters):
    """Put all numbers of all parameters in a row."""
    return find("cat", "tinytorch.cat")([parameter.reshape(-1) for parameter in _listed(parameters)])


def vector_to_parameters(vector, parameters):
    """Put the numbers of a row back into the parameters."""
    start = 0
    for parameter in _listed(parameters):
        end = start + parameter.numel()
        parameter.data = vector.data[start:end].reshape(parameter.shape)
        start = end
