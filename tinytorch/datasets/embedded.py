"""The small sets that come with the package. Sources and licences: `tinytorch/data/files/NOTICE.md`."""

import gzip
import io
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files

import numpy as np

from tinytorch.datasets.image_set import DIGIT_CLASSES, FASHION_CLASSES, ImageSet
from tinytorch.datasets.png import decode_png


def _read(name: str) -> bytes:
    return (files("tinytorch") / "data" / "files" / name).read_bytes()


@lru_cache(maxsize=4)
def _npz_part(name: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Keep one read-only copy of each part, however often a notebook asks."""
    with np.load(io.BytesIO(_read(name)), allow_pickle=False) as arrays:
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


class Digits(ImageSet):
    """Handwritten digits, 8x8: 3,823 to train on and 1,797 to test with, written by other people.

    Source: Alpaydin and Kaynak (1998), UCI, DOI 10.24432/C50P49, CC BY 4.0.
    """

    def __init__(
        self, train: bool = True, transform: Callable | None = None, target_transform: Callable | None = None
    ) -> None:
        images, labels = _npz_part("optdigits.npz", "train" if train else "test")
        super().__init__(
            images, labels, DIGIT_CLASSES, white=16, transform=transform, target_transform=target_transform
        )


class FashionMini(ImageSet):
    """Fashion-MNIST in small, 28x28: 400 images of each of ten kinds of clothing to train on, 100 to test with.

    Source: Xiao, Rasul and Vollgraf (2017), arXiv 1708.07747, MIT.
    """

    def __init__(
        self, train: bool = True, transform: Callable | None = None, target_transform: Callable | None = None
    ) -> None:
        images, labels = _npz_part("fashion_mini_4k1k.npz", "train" if train else "test")
        super().__init__(images, labels, FASHION_CLASSES, transform=transform, target_transform=target_transform)


def names() -> list[str]:
    """Give 32,033 first names in lower-case letters, most common first."""
    return gzip.decompress(_read("names.txt.gz")).decode("ascii").split()


def shakespeare() -> str:
    """Give 1,115,394 characters of Shakespeare's plays (65 distinct ones) as one string."""
    return gzip.decompress(_read("tinyshakespeare.txt.gz")).decode("ascii")


@lru_cache(maxsize=1)
def _cat() -> np.ndarray:
    return decode_png(_read("chelsea.png"))


def cat() -> np.ndarray:
    """Give the photograph of a cat as a fresh uint8 array (300, 451, 3): height, width, red-green-blue."""
    return _cat().copy()
