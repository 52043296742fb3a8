"""Schedules of the learning rate: PyTorch's `torch.optim.lr_scheduler`."""

from tinytorch.faces import in_room, make_face, same_words

WORDS = same_words("LRScheduler", "LambdaLR", "StepLR", "CosineAnnealingLR")

ROOMS = in_room(
    "tinytorch.optim.more_schedules", "ExponentialLR", "MultiStepLR", "ConstantLR", "LinearLR", "ReduceLROnPlateau"
)

__getattr__, __dir__ = make_face(__name__, WORDS, ROOMS)
