"""Real data to learn from: five small sets inside the package, and loaders for three classic ones.

Embedded, always there, no network:

>>> images, labels = Digits(train=True).arrays()    # (3823, 8, 8) float32 in 0..1, (3823,) int32
>>> words = names()                                 # ['emma', 'olivia', ...]
>>> text = shakespeare()                            # one string
>>> picture = cat()                                 # (300, 451, 3) uint8
>>> trained = trained_transformer()                 # weights of a small GPT, and what it wrote while it learned

In their official file layouts, from a folder (`root` or `$TINYTORCH_DATA`) or fetched once with `download=True`:

>>> MNIST("/data", train=True)

Needs only numpy. Promises: images are uint8 exactly as published, `arrays()` scales them to 0..1; a fetched file is
kept only if its checksum is the published one; a missing or damaged file is an error that says what to put where.
"""

from tinytorch.datasets.embedded import Digits, FashionMini, cat, names, shakespeare
from tinytorch.datasets.full import CIFAR10, MNIST, FashionMNIST
from tinytorch.datasets.image_set import ImageSet
from tinytorch.datasets.trained import trained_transformer

__all__ = [
    "CIFAR10", "MNIST", "Digits", "FashionMNIST", "FashionMini", "ImageSet", "cat", "names", "shakespeare",
    "trained_transformer",
]  # fmt: skip
