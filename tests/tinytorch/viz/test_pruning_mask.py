"""Masks and histograms of weights change picture and text with their sliders; broken student code is reported."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tinytorch import viz
from tinytorch.viz.few_colors import png_with_palette

LARGEST_MOVE = 60_000  # most bytes sent by one move of a slider: picture, text and table
WEIGHT = np.array([[0.5, -0.1, 0.8, 0.0], [0.05, -0.9, 0.2, 0.0]])
TEMPLATES = np.arange(12.0).reshape(3, 2, 2)


def smallest_go(sparsity):
    """Return masks that remove the smallest magnitudes of WEIGHT."""
    return {"hidden": np.abs(WEIGHT) > np.quantile(np.abs(WEIGHT), sparsity)}


def made(masks=smallest_go, **options):
    return viz.PruningMask({"hidden": WEIGHT}, masks, (0.25, 0.5), **options)


def bytes_of(masks):
    return {"dense": 32, "bitmask": 1 + 4 * int(masks["hidden"].sum())}


def sent(view) -> int:
    """Return the bytes sent by one move."""
    return len(base64.b64encode(view.picture().png())) + len(view.text()) + len(view.table())


def test_the_line_has_sparsity_weights_pixels_accuracy_and_bytes():
    view = made(right={"pruned": [0.9, 0.5], "fine-tuned": [0.95, 0.94]}, stored=bytes_of, templates=TEMPLATES)
    assert view.text() == (
        "sparsity 50%, hidden: 4 of 8 weights stay (50.0%); 1 of 4 pixels are looked at by no unit: (1, 1); "
        "pruned 50.0% right; fine-tuned 94.0% right; dense 32 bytes; bitmask 17 bytes"
    )
    assert view.uses().tolist() == [[1, 1], [2, 0]]
    assert "25%" in view.table() and "95.0%" in view.table()


def test_moves_change_line_and_picture():
    other = np.ones((3, 5))
    view = viz.PruningMask(
        {"hidden": WEIGHT, "scores": other},
        lambda sparsity: smallest_go(sparsity) | {"scores": other > 0},
        (0.25, 0.5),
        right={"pruned": [0.9, 0.5]},
        templates=TEMPLATES,
    )
    shown = []
    sparsity, layer, said = view.controls(shown.append).children
    assert 'role="status" aria-live="polite"' in said.value and "sparsity 50%" in said.value
    sparsity.value = 0
    assert "sparsity 25%, hidden: 6 of 8" in said.value
    layer.value = "scores"
    assert "sparsity 25%, scores: 15 of 15" in said.value and "pixels" not in said.value
    first, second = ([ax.get_title() for ax in picture.figure.axes] for picture in shown)
    assert first == [
        "hidden: grey is removed",
        "weights left at each pixel",
        "templates (x: unused)",
        "share of right answers",
    ]
    assert second == ["scores: grey is removed", "share of right answers"]


def test_the_picture_shows_the_mask_and_the_numbers():
    view = made(right={"pruned": [0.9, 0.5]}, stored=bytes_of, templates=TEMPLATES)
    axes = {ax.get_title(): ax for ax in view.picture().figure.axes}
    drawn = axes["hidden: grey is removed"].images[0].get_array()
    np.testing.assert_array_equal(drawn.mask, ~smallest_go(0.5)["hidden"])
    assert [t.get_text() for t in axes["weights left at each pixel"].texts] == ["1", "1", "2", "0"]
    crosses = axes["templates (x: unused)"].lines[0].get_xydata()
    np.testing.assert_array_equal(crosses, [[1, 1], [4, 1], [7, 1]])
    assert [t.get_text().strip() for t in axes["bytes in a file"].texts] == ["32", "17"]
    assert axes["share of right answers"].lines[-1].get_xdata()[0] == 0.5


@pytest.mark.parametrize(("out", "inputs"), [(128, 64), (10, 128), (2000, 784)])
def test_a_move_is_small(out, inputs):
    weight = np.random.default_rng(0).normal(size=(out, inputs))
    levels = (0, 0.5, 0.7, 0.8, 0.9, 0.95)
    view = viz.PruningMask(
        {"hidden": weight},
        lambda sparsity: {"hidden": np.abs(weight) >= np.quantile(np.abs(weight), sparsity)},
        levels,
        right={name: np.linspace(0.95, low, 6) for name, low in (("pruned", 0.3), ("fine-tuned", 0.9))},
        stored=lambda masks: dict.fromkeys(("dense", "bitmask", "indices"), 37_888),
        templates=np.random.default_rng(1).uniform(size=(10, 8, 8)),
    )
    for view.level in (0, 4):
        assert sent(view) < LARGEST_MOVE


@pytest.mark.parametrize(
    ("masks", "says"),
    [
        (lambda sparsity: 1 / 0, "there is no mask: ZeroDivisionError: division by zero"),
        (lambda sparsity: None, "a dictionary of masks is needed, got NoneType"),
        (lambda sparsity: {}, "there is no mask for hidden"),
        (lambda sparsity: {"hidden": WEIGHT[:1]}, "the mask has the shape (1, 4), the weights (2, 4)"),
        (lambda sparsity: {"hidden": object()}, "an array of numbers is needed, got object: give tensor.data"),
        (lambda sparsity: {"hidden": WEIGHT * np.nan}, "8 numbers are not finite"),
    ],
)
def test_what_is_no_mask_is_said_and_the_picture_stays(masks, says):
    view = made(masks, right={"pruned": [0.9, 0.5]}, stored=bytes_of, templates=TEMPLATES)
    assert says in view.text()
    assert view.picture().png().startswith(b"\x89PNG")
    assert made(stored=lambda masks: 1 / 0).bytes() == {}


def test_broken_weights_are_drawn_and_names_cannot_become_markup():
    view = viz.PruningMask({"<b>": WEIGHT * np.nan}, lambda s: {"<b>": WEIGHT != 0}, (0.5,))
    assert view.picture().png().startswith(b"\x89PNG")
    assert "<b>" not in view.controls(lambda picture: None).children[2].value


def test_what_is_refused():
    for weights, message in [({}, "none"), ({"w": np.ones((2, 2, 2))}, "reshape filters to rows")]:
        with pytest.raises(ValueError, match=message):
            viz.PruningMask(weights, smallest_go, (0.5,))
    for levels in ((), (0.5, 0.2), (-0.1, 0.5), (0, 90)):
        with pytest.raises(ValueError, match="levels must be rising numbers from 0 to 1"):
            viz.PruningMask({"hidden": WEIGHT}, smallest_go, levels)
    with pytest.raises(ValueError, match=r"one share for each of 2 levels is needed, got \{'pruned': 1\}"):
        made(right={"pruned": [0.9]})
    with pytest.raises(ValueError, match=r"templates must be images \(n, H, W\), got the shape \(2, 4\)"):
        made(templates=WEIGHT)
    with pytest.raises(TypeError, match=r"tensor\.data"):
        viz.PruningMask({"w": object()}, smallest_go, (0.5,))


def test_a_histogram_counts_what_lies_within_the_threshold():
    view = viz.WeightHistogram({"original": WEIGHT, "pruned": WEIGHT * (np.abs(WEIGHT) > 0.15)}, threshold=0.15)
    assert view.text() == ("smaller than 0.15 in magnitude: original: 4 of 8 (50.0%); pruned: 4 of 8 (50.0%)")
    shown = []
    slider, said = view.controls(shown.append).children
    slider.value = 0.3
    assert "smaller than 0.3" in said.value and "original: 5 of 8" in said.value and "aria-live" in said.value
    (picture,) = shown
    assert len(base64.b64encode(picture.png())) + len(said.value) < LARGEST_MOVE
    (ax,) = picture.figure.axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "original (2 zeros are not drawn)",
        "pruned (4 zeros are not drawn)",
    ]
    assert [line.get_xdata()[0] for line in ax.lines] == [-0.3, 0.3]


def test_a_histogram_of_broken_or_empty_weights():
    view = viz.WeightHistogram({"w": [np.nan, 1.0, np.inf]}, threshold=5.0)
    assert view.text().endswith("2 numbers are not finite") and view.threshold <= view.limit
    assert viz.WeightHistogram({"w": np.zeros(3)}, threshold=float("nan")).picture().png()
    with pytest.raises(ValueError, match="at least one array with numbers"):
        viz.WeightHistogram({"w": []})
    with pytest.raises(TypeError, match=r"tensor\.data"):
        viz.WeightHistogram({"w": object()})


def test_lines_may_have_places_of_their_own():
    picture = viz.lines({"a": [1, 2], "b": [5, 6, 7]}, {"a": [0.1, 0.2], "b": [1, 2, 3]})
    assert [line.get_xdata().tolist() for line in picture.figure.axes[0].lines] == [[1, 2], [5, 6, 7]]
    with pytest.raises(ValueError, match="one value for each x"):
        viz.lines({"a": [1, 2]}, {"a": [0.1]})


def test_a_palette_keeps_few_colours_exactly_and_many_nearly():
    rng = np.random.default_rng(0)
    few = np.array([[0, 0, 0], [255, 255, 255], [200, 10, 90]], dtype=np.uint8)[rng.integers(0, 3, size=(7, 11))]
    many = np.stack(np.meshgrid(np.arange(256), np.arange(256)), axis=-1).astype(np.uint8)
    many = np.concatenate([many, many[..., :1]], axis=-1)
    for pixels, gap in ((few, 0), (many, 24)):
        back = np.asarray(Image.open(io.BytesIO(png_with_palette(pixels))).convert("RGB")).astype(int)
        assert np.abs(back - pixels).max() <= gap
