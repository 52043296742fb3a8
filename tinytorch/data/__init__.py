"""Data sets and loaders: PyTorch's `torch.utils.data`; the small embedded sets are in `files/`."""

from tinytorch.faces import in_room, make_face, same_words

WORDS = same_words("Dataset", "TensorDataset", "Subset")

ROOMS = in_room(
    "tinytorch.data.more_loading",
    "DataLoader", "random_split", "default_collate", "ConcatDataset", "IterableDataset", "Sampler",
    "SequentialSampler", "RandomSampler", "SubsetRandomSampler", "WeightedRandomSampler",
)  # fmt: skip

__getattr__, __dir__ = make_face(__name__, WORDS, ROOMS)
