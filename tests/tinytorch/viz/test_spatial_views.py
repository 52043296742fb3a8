"""Sliding kernels and feature maps: right numbers, text and tables for every move; a broken model breaks nothing."""

import base64

import numpy as np
import pytest

from tinytorch import viz

LARGEST_MOVE = 60_000  # most bytes sent by one move of a slider: picture and text
IMAGE, KERNEL = np.arange(25.0).reshape(5, 5) / 25, np.array([[1.0, 0.0], [0.0, -1.0]])
MAP = np.full((4, 4), -6 / 25)
NOISE = np.random.default_rng(0)


def sent(view, picture) -> int:
    """Return the bytes of one move: the picture as base64, the text and the table."""
    return len(base64.b64encode(picture.png())) + len(view.text()) + len(view.table())


def test_a_place_has_its_window_sum_and_table():
    view = viz.SlidingKernel(IMAGE, KERNEL, MAP)
    assert view.window(5).tolist() == IMAGE[1:3, 1:3].tolist()
    assert view.text(5) == "place (1, 1): the 4 products add up to -0.24"
    assert view.table(5).count("<td") == 4 and "0.24·1" in view.table(5)


def test_stride_and_padding_move_the_window():
    view = viz.SlidingKernel(IMAGE, KERNEL, lambda: np.zeros((3, 3)), stride=2, padding=1)
    assert len(view.places) == 9
    assert view.window(0).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert view.window(4).tolist() == IMAGE[1:3, 1:3].tolist()


def test_a_map_that_disagrees_is_told():
    wrong = MAP.copy()
    wrong[1, 1] = 7.0
    assert viz.SlidingKernel(IMAGE, KERNEL, wrong).text(5).endswith("but the map has 7 there")


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (lambda: 1 / 0, "there is no map: ZeroDivisionError: division by zero"),
        (lambda: MAP[:2], "it should have the shape (4, 4), it has (2, 4)"),
        (lambda: object(), "an array of numbers is needed, got object: give tensor.data"),
        (lambda: MAP * np.nan, "16 numbers are not finite"),
    ],
)
def test_a_broken_convolution_leaves_a_picture_and_says_what_is_wrong(result, says):
    view = viz.SlidingKernel(IMAGE, KERNEL, result)
    assert says in view.text()
    assert view.picture().png().startswith(b"\x89PNG")


def test_the_slider_moves_picture_text_and_table():
    view, shown = viz.SlidingKernel(IMAGE, KERNEL, MAP), []
    slider, said = view.controls(shown.append).children
    before = said.value
    slider.value = 0
    assert said.value != before and "place (0, 0)" in said.value and "aria-live" in said.value
    assert "place (0, 0)" in repr(shown[0])
    assert np.ma.getmaskarray(shown[0].figure.axes[2].images[0].get_array()).sum() == 15


@pytest.mark.parametrize(("size", "kernel", "padding"), [(8, 3, 0), (8, 3, 1), (32, 7, 0), (32, 5, 2)])
def test_a_move_over_noise_stays_small(size, kernel, padding):
    places = size + 2 * padding - kernel + 1
    image, weights, found = (NOISE.normal(size=(n, n)) for n in (size, kernel, places))
    view = viz.SlidingKernel(image, weights, found, padding=padding)
    assert sent(view, view.picture(places**2 - 1)) <= LARGEST_MOVE


def test_what_can_not_be_drawn_is_refused():
    with pytest.raises(ValueError, match="choose one channel"):
        viz.SlidingKernel(np.zeros((1, 5, 5)), KERNEL, MAP)
    with pytest.raises(ValueError, match="has no place"):
        viz.SlidingKernel(np.zeros((1, 5)), KERNEL, MAP)


def maps_of(image):
    return {"conv": np.stack([image[0], -2 * image[0]]), "pool": image[:, ::2, ::2]}


IMAGES = {"ramp": IMAGE[None], "colour": NOISE.uniform(size=(3, 7, 9))}


def test_feature_maps_say_layer_channel_size_and_strongest_place():
    view = viz.FeatureMaps(IMAGES, maps_of, fields={"conv": 3})
    assert view.layers() == ["conv", "pool"]
    assert view.text() == (
        "ramp, layer conv, channel 0: 5 x 5, from 0 to 0.96, strongest at row 4, column 4; "
        "each number sees 3 pixels across"
    )


def test_menus_and_slider_move_picture_text_and_table():
    kernels = {"conv": np.arange(8.0).reshape(2, 1, 2, 2)}
    view, shown = viz.FeatureMaps(IMAGES, maps_of, untrained=maps_of, kernels=kernels), []
    menus, channel, said = view.controls(shown.append).children
    image, layer = menus.children
    channel.value = 1
    assert "channel 1" in said.value and ">7</td>" in said.value
    assert [ax.get_title() for ax in shown[-1].figure.axes] == ["ramp", "channel 1", "its kernel", "untrained"]
    layer.value = "pool"
    assert (channel.max, channel.value, "layer pool, channel 0" in said.value) == (0, 0, True)
    image.value = "colour"
    assert channel.max == 2 and "colour, layer pool" in said.value
    assert len(shown) == 3


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (lambda image: 1 / 0, "there is no map: ZeroDivisionError"),
        (lambda image: None, "a dictionary of maps is needed, got NoneType"),
        (lambda image: {"conv": image[0]}, "an array with 3 axes is needed, got the shape (5, 5)"),
        (lambda image: {"conv": object()}, "give tensor.data"),
        (lambda image: {"conv": image + np.inf}, "numbers are not finite"),
        (lambda image: {"conv": image[:0]}, "got the shape (0, 5, 5)"),
    ],
)
def test_a_broken_model_leaves_widgets_and_a_picture(model, says):
    view, shown = viz.FeatureMaps(IMAGES, model, untrained=model), []
    menus, _, said = view.controls(shown.append).children
    assert says in said.value
    menus.children[0].value = "colour"
    assert shown[-1].png().startswith(b"\x89PNG")


def test_a_model_that_breaks_on_one_image_only_can_be_left_again():
    def maps(image):
        return maps_of(image) if len(image) == 1 else 1 / 0

    view, shown = viz.FeatureMaps(IMAGES, maps), []
    menus, _, said = view.controls(shown.append).children
    menus.children[0].value = "colour"
    assert "there is no map: ZeroDivisionError" in said.value
    menus.children[0].value = "ramp"
    assert "ramp, layer conv, channel 0: 5 x 5" in said.value


def test_a_move_over_large_noise_stays_small():
    def noise(image):
        return {"conv": NOISE.normal(size=(2, 300, 400))}

    view = viz.FeatureMaps({"noise": NOISE.uniform(size=(3, 300, 400))}, noise, untrained=noise)
    assert sent(view, view.picture()) <= LARGEST_MOVE


def test_images_need_a_channel():
    with pytest.raises(ValueError, match=r"images \(channels, H, W\), got \{'a': \(5, 5\)\}"):
        viz.FeatureMaps({"a": IMAGE}, maps_of)
