"""Schedules of the learning rate: PyTorch's `torch.optim.lr_scheduler`."""

from tinytorch.faces import make_face, same_words

WORDS = same_words("LRScheduler", "LambdaLR", "StepLR", "CosineAnnealingLR")

__getattr__, __dir__ = make_face(__name__, WORDS)
