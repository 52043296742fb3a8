"""What every set of labeled images has in common.

An image set has `data` (uint8, one image per row), `targets` (int32), `classes` (their names) and behaves as a
map-style dataset: `len(images)` and `images[i] -> (image, label)`.
"""

from collections.abc import Callable

import numpy as np

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
DIGIT_CLASSES = tuple("0123456789")


class ImageSet:
    """Labeled images in memory.

    Args:
        data: uint8 array, (N, H, W) for grey or (N, C, H, W) for color.
        targets: N labels; each an index into `classes`.
        classes: names of the classes.
        white: the pixel value that `arrays()` maps to 1.0.
        transform: called with each image (a uint8 array) that is indexed, its result is returned instead.
        target_transform: the same for labels.
    """

    def __init__(
        self,
        data: np.ndarray,
        targets: np.ndarray,
        classes: tuple[str, ...],
        *,
        white: int = 255,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
    ) -> None:
        if len(data) != len(targets):
            raise ValueError(f"each image needs one label, got {len(data)} images and {len(targets)} labels")
        self.data, self.targets, self.classes, self.white = data, targets.astype(np.int32), classes, white
        self.transform, self.target_transform = transform, target_transform
        if len(targets) and (self.targets.min() < 0 or self.targets.max() >= len(classes)):
            raise ValueError(f"labels must be in 0..{len(classes) - 1}, found {targets.min()}..{targets.max()}")

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple:
        image, label = self.data[index], int(self.targets[index])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Give all images as float32 in 0..1 (same shape as `data`) and all labels as int32, both freshly made."""
        return self.data.astype(np.float32) / np.float32(self.white), self.targets.copy()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} images of {self.data.shape[1:]}, {len(self.classes)} classes)"
