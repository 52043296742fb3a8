"""Data sets and loaders: PyTorch's `torch.utils.data`; the small embedded sets lie in `files/`."""

from tinytorch.faces import make_face, same_words

WORDS = same_words("Dataset", "TensorDataset", "Subset", "DataLoader", "random_split", "default_collate")

__getattr__, __dir__ = make_face(__name__, WORDS)
