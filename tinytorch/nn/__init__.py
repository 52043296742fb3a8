"""Layers and losses as objects: PyTorch's `torch.nn`."""

import importlib

from tinytorch.faces import make_face, same_words

WORDS = same_words(
    "Module", "Parameter", "Linear", "Embedding", "Dropout", "Sequential", "ModuleList", "Flatten", "Identity",
    "ReLU", "Sigmoid", "Tanh", "GELU", "SiLU", "LeakyReLU", "Softmax",
    "Conv2d", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "BatchNorm1d", "BatchNorm2d",
    "MultiheadAttention",
    "LayerNorm", "TransformerEncoderLayer", "Transformer",
    "MSELoss", "CrossEntropyLoss", "BCEWithLogitsLoss",
)  # fmt: skip

_find, __dir__ = make_face(__name__, WORDS)


def __getattr__(name: str) -> object:
    if name in ("functional", "utils"):
        return importlib.import_module(f"tinytorch.nn.{name}")
    return _find(name)
