"""Layers and losses as objects: PyTorch's `torch.nn`."""

import importlib

from tinytorch.faces import in_room, make_face, same_words

WORDS = same_words(
    "Module", "Parameter", "Linear", "Embedding", "Sequential", "ModuleList", "Identity",
    "Sigmoid", "Tanh", "SiLU",
    "Conv2d", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "BatchNorm1d", "BatchNorm2d",
    "MultiheadAttention",
    "LayerNorm", "TransformerEncoderLayer", "Transformer",
    "MSELoss",
)  # fmt: skip

ROOMS = {
    **in_room(
        "tinytorch.nn.more_layers",
        "ReLU", "LeakyReLU", "Softmax", "Dropout", "GELU", "Flatten", "Unflatten", "LogSoftmax", "ELU", "ReLU6",
        "LogSigmoid", "Softplus", "PReLU", "ModuleDict", "ParameterList",
    ),
    **in_room(
        "tinytorch.nn.more_losses",
        "L1Loss", "SmoothL1Loss", "HuberLoss", "NLLLoss", "CrossEntropyLoss", "BCELoss", "BCEWithLogitsLoss",
        "KLDivLoss",
    ),
}  # fmt: skip

_find, __dir__ = make_face(__name__, WORDS, ROOMS)


def __getattr__(name: str) -> object:
    if name in ("functional", "init", "utils"):
        return importlib.import_module(f"tinytorch.nn.{name}")
    return _find(name)
