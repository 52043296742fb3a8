"""The training loop and what it measures: PyTorch leaves this to the reader, and to libraries such as Lightning."""

from tinytorch.faces import make_face, same_words

WORDS = same_words(
    "Trainer", "EarlyStopping", "train_step", "evaluate", "predict", "fit", "accuracy", "confusion_matrix"
)

__getattr__, __dir__ = make_face(__name__, WORDS)
