"""The embedded data sets are there and complete, and are what their notices say."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from tinytorch import datasets


@pytest.mark.parametrize(
    ("kind", "train", "shape", "white"),
    [
        (datasets.Digits, True, (3823, 8, 8), 16),
        (datasets.Digits, False, (1797, 8, 8), 16),
        (datasets.FashionMini, True, (4000, 28, 28), 255),
        (datasets.FashionMini, False, (1000, 28, 28), 255),
    ],
)
def test_image_sets_have_the_published_sizes(kind, train, shape, white):
    images = kind(train=train)
    assert (images.data.shape, images.data.dtype, images.data.max()) == (shape, np.uint8, white)
    assert (images.targets.shape, sorted(set(images.targets.tolist()))) == ((shape[0],), list(range(10)))
    assert len(images.classes) == 10


def test_arrays_are_scaled_to_one_and_the_callers_own():
    images, labels = datasets.Digits(train=False).arrays()
    assert (images.dtype, labels.dtype) == (np.float32, np.int32)
    assert (images.min(), images.max()) == (0.0, 1.0)
    images[:], labels[:] = 5.0, 5
    again, _ = datasets.Digits(train=False).arrays()
    assert again.max() == 1.0


def test_an_image_set_is_a_map_style_dataset_with_transforms():
    plain = datasets.Digits()
    image, label = plain[3]
    assert (image.shape, type(label)) == ((8, 8), int)
    changed = datasets.Digits(transform=lambda x: x.ravel() / 16, target_transform=lambda y: -y)
    assert np.array_equal(changed[3][0], image.ravel() / 16)
    assert changed[3][1] == -label


def test_labels_outside_the_classes_are_refused():
    with pytest.raises(ValueError, match=r"labels must be in 0\.\.1, found 0\.\.2"):
        datasets.ImageSet(np.zeros((2, 1, 1), np.uint8), np.array([0, 2]), ("a", "b"))


def test_fashion_mini_has_each_class_equally_often():
    assert np.bincount(datasets.FashionMini(train=False).targets).tolist() == [100] * 10


def test_texts_are_whole():
    text, words = datasets.shakespeare(), datasets.names()
    assert (len(text), len(set(text))) == (1_115_394, 65)
    assert hashlib.sha256(text.encode()).hexdigest().startswith("86c4e6aa9db7c042")
    assert (len(words), len(set("".join(words))), words[0]) == (32_033, 26, "emma")


def test_the_cat_is_decoded_as_pillow_decodes_it():
    from importlib.resources import files

    with (files("tinytorch") / "data" / "files" / "chelsea.png").open("rb") as file:
        expected = np.asarray(Image.open(file))
    assert np.array_equal(datasets.cat(), expected)
    datasets.cat()[:] = 0
    assert datasets.cat().max() > 0
