"""Optimizers and schedules: PyTorch's `torch.optim`."""

from tinytorch.faces import make_face, same_words

WORDS = same_words()

__getattr__, __dir__ = make_face(__name__, WORDS)
