"""What is done to parameters beside layers: PyTorch's `torch.nn.utils`."""

from tinytorch.faces import find, make_face, same_words

WORDS = same_words("clip_grad_norm_")

__getattr__, __dir__ = make_face(__name__, WORDS)


def clip_grad_norm_(parameters, max_norm):
    """Scale the gradients of one tensor or of several, as the student's clip_grad_norm_ does."""
    one = hasattr(parameters, "requires_grad")  # walking over a tensor would give its rows
    return find("clip_grad_norm_", f"{__name__}.clip_grad_norm_")([parameters] if one else parameters, max_norm)
