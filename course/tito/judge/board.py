"""The images on which the Olympics' entries are measured: digits that nobody has seen, made from a semester's secret.

Anybody can download the published test images with their labels, so none of them is used unchanged. A digit of the
board is a mixture of several unseen writers' digits of the same kind, shifted by part of a pixel, drawn with a
thicker or thinner stroke, and made noisy. The service keeps the seed. One half is used during the event, the other one
once, after it; no image contributes to both. The same seed gives the same digits, to the last bit.

Shifts, strokes and noise alone don't stop a net from gaining by learning the test set: mild ones leave it two to three
points ahead of an honest net, and strong ones put 95 % out of everybody's reach. Mixtures do stop it.
"""

from dataclasses import dataclass

import numpy as np

from tinytorch.datasets import Digits

WRITERS = 4  # whose digits are mixed into one of the board's
EVENNESS = 3.0  # of their shares; larger is more even
SHIFT = 0.2  # pixels, at most, in each direction
STROKE = 0.2  # share of the way to the thickest or thinnest neighbor, at most
NOISE = 0.05  # standard deviation; ink goes from 0 to 1
GREYS = 256  # rounding that removes differences between machines
BESIDE = ((0, 1), (1, 0), (1, 1), (1, 2), (2, 1))  # a pixel and its four neighbors, in a border of one


@dataclass(frozen=True)
class Half:
    """Images (n, 8, 8) with values from 0 to 1, and their labels (n,)."""

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Board:
    """The images for entries: `public` during the event, `hidden` after it."""

    public: Half
    hidden: Half


def published_board(seed: int) -> Board:
    """Make the board from the published test images."""
    return board(*Digits(train=False).arrays(), seed)


def board(images: np.ndarray, labels: np.ndarray, seed: int) -> Board:
    """Make as many digits as are published, in two halves."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(images))
    parts = np.array_split(order, 2)
    return Board(*(Half(transformed(mixed(images[part], labels[part], rng), rng), labels[part]) for part in parts))


def mixed(images: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return, for each label, a mixture of several of its images."""
    found = np.empty(images.shape)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        shares = rng.dirichlet(np.full(WRITERS, EVENNESS), len(places))[:, :, None, None]
        writers = np.stack([images[rng.permutation(places)] for _ in range(WRITERS)], axis=1)
        found[places] = (shares * writers).sum(axis=1)
    return found


def transformed(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return images of the same digits: shifted, with another stroke, noisy."""
    count = len(images)
    moved = shifted(images, *rng.uniform(-SHIFT, SHIFT, (2, count)))
    drawn = stroked(moved, rng.uniform(-STROKE, STROKE, count))
    noisy = np.clip(drawn + rng.normal(0, NOISE, drawn.shape), 0, 1)
    return (np.round(noisy * GREYS) / GREYS).astype(np.float32)


def shifted(images: np.ndarray, down: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Move each image by less than a pixel, down and to the right; the outside is blank."""
    for axis, by in ((1, down), (2, right)):
        before, after = (np.roll(_bordered(images), step, axis)[:, 1:-1, 1:-1] for step in (1, -1))
        share = np.abs(by)[:, None, None]
        images = (1 - share) * images + share * np.where(by[:, None, None] > 0, before, after)
    return images


def stroked(images: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Make each stroke thicker (by > 0) or thinner: go a share of the way to the largest or smallest neighbor."""
    rows, columns = images.shape[1:]
    near = np.stack([_bordered(images)[:, r : r + rows, c : c + columns] for r, c in BESIDE])
    share = np.abs(by)[:, None, None]
    return (1 - share) * images + share * np.where(by[:, None, None] > 0, near.max(axis=0), near.min(axis=0))


def _bordered(images: np.ndarray) -> np.ndarray:
    return np.pad(images, ((0, 0), (1, 1), (1, 1)))
