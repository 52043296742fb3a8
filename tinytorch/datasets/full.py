"""MNIST, Fashion-MNIST and CIFAR-10, with torchvision's names and arguments, in their official layouts.

Where files are looked for: `root` if given, else the folder `$TINYTORCH_DATA`, else the user's cache folder
(`$XDG_CACHE_HOME/tinytorch`, usually `~/.cache/tinytorch`). In it, the set's own folder (`mnist`, `fashion-mnist`,
`cifar-10-batches-bin`; torchvision's `MNIST/raw` too) or the files themselves. A university points all its servers to
one mirror folder with `TINYTORCH_DATA`; nothing is ever written there.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np

from tinytorch.datasets.fetch import fetch, fetch_archive
from tinytorch.datasets.formats import read_cifar, read_idx
from tinytorch.datasets.image_set import DIGIT_CLASSES, FASHION_CLASSES, ImageSet


def cache_folder() -> Path:
    """Name the folder in which fetched data sets are kept for this user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tinytorch"


class _PublishedSet(ImageSet):
    """Find the files of one published set, fetch them if asked, and read them."""

    title: ClassVar[str]
    folders: ClassVar[tuple[str, ...]]  # where the files may be below a root; the first is used for fetching
    url: ClassVar[str]
    size: ClassVar[str]  # of what is fetched, for messages

    def __init__(
        self,
        root: str | os.PathLike | None = None,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        *,
        url: str | None = None,
    ) -> None:
        """Load the training (or test) part.

        Args:
            root: folder to look in, and to keep fetched files in.
            train: training part, else test part.
            transform, target_transform: see ImageSet.
            download: fetch what is missing.
            url: fetch from this address instead of the official one.

        Raises:
            FileNotFoundError: files are missing and `download` is false.
            ConnectionError: they could not be fetched.
            ValueError: a file is damaged.
        """
        if download and self._find(root, train) is None:
            self._fetch(Path(root) if root is not None else cache_folder(), train, url or self.url)
        paths = self._find(root, train)
        if paths is None:
            raise FileNotFoundError(self._not_found(root, train))
        images, labels = self._read(paths)
        super().__init__(images, labels, self._classes(), transform=transform, target_transform=target_transform)

    @classmethod
    def file_names(cls, train: bool) -> tuple[str, ...]:
        """List the official names of one part's files."""
        raise NotImplementedError

    @classmethod
    def _roots(cls, root: str | os.PathLike | None) -> list[Path]:
        if root is not None:
            return [Path(root)]
        mirror = os.environ.get("TINYTORCH_DATA")
        return [*([Path(mirror)] if mirror else []), cache_folder()]

    @classmethod
    def _find(cls, root: str | os.PathLike | None, train: bool) -> list[Path] | None:
        """Find one folder that has all files, plain or gzipped."""
        for base in cls._roots(root):
            for folder in (*(base / name for name in cls.folders), base):
                found = [_plain_or_gzipped(folder / name) for name in cls.file_names(train)]
                if all(found):
                    return found  # type: ignore[return-value]
        return None

    @classmethod
    def _not_found(cls, root: str | os.PathLike | None, train: bool) -> str:
        looked = " or ".join(str(base / cls.folders[0]) for base in cls._roots(root))
        return (
            f"{cls.title} is not in {looked}: it needs {', '.join(cls.file_names(train))} (plain or .gz). "
            f"Pass download=True to fetch {cls.size} from {cls.url}, or set TINYTORCH_DATA to a folder that has it"
        )

    def _fetch(self, root: Path, train: bool, url: str) -> None:
        raise NotImplementedError

    def _read(self, paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def _classes(self) -> tuple[str, ...]:
        raise NotImplementedError


def _plain_or_gzipped(path: Path) -> Path | None:
    gzipped = path.with_name(path.name + ".gz")
    return next((candidate for candidate in (path, gzipped) if candidate.is_file()), None)


class MNIST(_PublishedSet):
    """Handwritten digits, 28x28: 60,000 to train on, 10,000 to test with.

    Source: LeCun, Cortes and Burges; LeCun et al. (1998), Gradient-based learning applied to document recognition.
    """

    title = "MNIST"
    folders: ClassVar[tuple[str, ...]] = ("mnist", "MNIST/raw")
    # The authors' own address no longer answers; this is the copy that torchvision names first.
    url = "https://ossci-datasets.s3.amazonaws.com/mnist/"
    size = "12 MB"
    md5: ClassVar[dict[str, str]] = {  # of the files before compression
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }

    @classmethod
    def file_names(cls, train: bool) -> tuple[str, ...]:
        part = "train" if train else "t10k"
        return tuple(name for name in cls.md5 if name.startswith(part))

    def _fetch(self, root: Path, train: bool, url: str) -> None:
        for name in self.file_names(train):
            fetch(f"{url.rstrip('/')}/{name}.gz", root / self.folders[0] / f"{name}.gz", self.md5[name])

    def _read(self, paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
        images, labels = (read_idx(path) for path in paths)
        if images.ndim != 3 or labels.ndim != 1:
            raise ValueError(
                f"{paths[0].parent}: images need 3 axes and labels 1, found {images.shape} and {labels.shape}; "
                "are the two files swapped?"
            )
        return images, labels

    def _classes(self) -> tuple[str, ...]:
        return DIGIT_CLASSES


class FashionMNIST(MNIST):
    """Ten kinds of clothing, 28x28, in MNIST's format: 60,000 to train on, 10,000 to test with.

    Source: Xiao, Rasul and Vollgraf (2017), arXiv 1708.07747.
    """

    title = "Fashion-MNIST"
    folders: ClassVar[tuple[str, ...]] = ("fashion-mnist", "FashionMNIST/raw")
    url = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
    size = "31 MB"
    md5: ClassVar[dict[str, str]] = {
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    }

    def _classes(self) -> tuple[str, ...]:
        return FASHION_CLASSES


class CIFAR10(_PublishedSet):
    """Color photographs of ten kinds of things, (3, 32, 32): 50,000 to train on, 10,000 to test with.

    Read from the "binary version". Source: Krizhevsky (2009), Learning multiple layers of features from tiny images.
    """

    title = "CIFAR-10"
    folders: ClassVar[tuple[str, ...]] = ("cifar-10-batches-bin",)
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    size = "170 MB"
    md5: ClassVar[dict[str, str]] = {
        "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
        "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
        "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
        "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
        "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
        "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
    }

    @classmethod
    def file_names(cls, train: bool) -> tuple[str, ...]:
        return tuple(name for name in cls.md5 if name.startswith("data" if train else "test"))

    def _fetch(self, root: Path, train: bool, url: str) -> None:
        fetch_archive(url, root / self.folders[0], self.md5)

    def _read(self, paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
        batches = [read_cifar(path) for path in paths]
        return np.concatenate([b[0] for b in batches]), np.concatenate([b[1] for b in batches])

    def _classes(self) -> tuple[str, ...]:
        return ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
