"""Module 20: entries say what models say, computed costs equal recorded ones, and rules are read like YAML."""

import io

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch
from tests.examples import examples
from tinytorch import Tensor, fast, nn, no_grad, optim, viz
from tinytorch.core import olympics as core
from tinytorch.core.quantization import quantize_model
from tinytorch.olympics import measure_entry, read_archive, read_rules
from tinytorch.olympics.rules import FILE

RULES = read_rules()
some = settings(deadline=None, max_examples=examples(15))
IMAGES = np.random.default_rng(0).uniform(size=(150, 8, 8)).astype("float32")
LABELS = np.random.default_rng(1).integers(0, 10, size=150)


@st.composite
def models(draw):
    """Draw networks that the vocabulary can describe, with convolutions or without."""
    tinytorch.manual_seed(draw(st.integers(0, 1000)))
    layers, size = [nn.Flatten()], 64
    if draw(st.booleans()):
        channels, kernel, padding = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(0, 1))
        kernel = max(kernel, padding + 1)
        side = 8 + 2 * padding - kernel + 1
        layers = [nn.Conv2d(1, channels, kernel, padding=padding), nn.ReLU()]
        if side % 2 == 0:
            layers, side = [*layers, nn.MaxPool2d(2)], side // 2
        layers, size = [*layers, nn.Flatten()], channels * side * side
    for units in draw(st.lists(st.integers(1, 20), max_size=2)):
        layers += [
            nn.Linear(size, units, bias=draw(st.booleans())),
            draw(st.sampled_from([nn.ReLU, nn.Tanh, nn.GELU]))(),
        ]
        size = units
    return nn.Sequential(*layers, nn.Linear(size, 10))


def rebuilt(content):
    text, arrays = read_archive(content, RULES["entries"])
    layers = core.parse_architecture(text)
    assert core.validate_entry(core.wanted_arrays(layers, arrays), arrays) == {}
    return layers, core.build(layers, arrays)


@some
@given(model=models(), in_bytes=st.booleans())
def test_what_is_built_from_an_entry_says_what_the_model_says(model, in_bytes):
    model = quantize_model(model) if in_bytes else model
    content = core.entry_bytes(model)
    assert content == core.entry_bytes(model), "the same model, the same bytes"
    _, again = rebuilt(content)
    with no_grad():
        x = Tensor(IMAGES[:6, None])
        np.testing.assert_allclose(again(x).data, model(x).data, rtol=1e-4, atol=1e-5)


@some
@given(model=models())
def test_costs_on_paper_are_what_the_recorder_sees(model):
    layers, built = rebuilt(core.entry_bytes(model))
    on_paper = core.costs_on_paper(layers)
    found = core.measures_of(built, 1, IMAGES[:2], LABELS[:2])
    assert found["multiplications"] == sum(cost.multiplications for cost in on_paper)
    assert found["work"] == found["multiplications"] + found["touched_bytes"]
    x = Tensor(IMAGES[:1, None])
    for layer, cost in zip(built.children(), on_paper, strict=True):
        with no_grad():
            x = layer(x)
        assert x.shape[1:] == cost.shape


def test_what_computes_fast_is_counted_as_it_was_built():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 10))
    image, labels = IMAGES[:1], LABELS[:1]
    with fast.enabled():
        found = core.measures_of(model, 1, image, labels)
    assert found["multiplications"] == 36 * 2 * 9 + 72 * 10
    assert found["work"] == core.measures_of(model, 1, image, labels)["work"]


def test_half_the_bytes_are_nearly_the_same_net():
    tinytorch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 40), nn.ReLU(), nn.Linear(40, 10))
    whole, half = core.entry_bytes(model), core.entry_bytes(model, floats="float16")
    assert len(half) < 0.6 * len(whole)
    with no_grad():
        x = Tensor(IMAGES[:6, None])
        np.testing.assert_allclose(rebuilt(half)[1](x).data, model(x).data, rtol=1e-2, atol=1e-2)


def test_a_measurement_is_the_same_by_the_board_and_in_the_notebook():
    tinytorch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 10))
    content = core.entry_bytes(model)
    found = measure_entry(content, IMAGES, LABELS)
    assert found["measures"] == core.measures_of(model, len(content), IMAGES, LABELS)
    with no_grad():
        right = (model(Tensor(IMAGES[:, None])).data.argmax(axis=1) == LABELS).mean()
    assert found["measures"]["accuracy"] == right


@pytest.mark.parametrize(
    "layer", [nn.Dropout(0.5), nn.Softmax(), nn.Conv2d(1, 1, 3, stride=2), nn.Conv2d(1, 1, 3, bias=False)]
)
def test_a_layer_without_a_word_is_refused(layer):
    with pytest.raises(ValueError, match="no word in the vocabulary"):
        core.entry_bytes(nn.Sequential(layer))


def test_rules_are_read_as_yaml_reads_them():
    assert read_rules() == yaml.safe_load(FILE.read_text(encoding="utf-8"))
    for event in RULES["events"].values():
        assert {"title", "by", "better"} <= set(event) <= {"title", "by", "better", "at_least", "at_most"}
        assert core.score({}, event | {"at_least": {"accuracy": 0.5}})[1][0] == "accuracy"


@pytest.mark.parametrize(
    "line", ["- a", "a: [1, 2]", "   a: 1", "a: &x 1", "a: '1'", "events:\n      by: b", "a: 1\na: 2", "A: 1"]
)
def test_rules_beyond_mappings_are_refused_with_their_line(line):
    with pytest.raises(ValueError, match=r"rules, line [12]: .* indented by two spaces"):
        read_rules(line)


def test_measures_that_events_and_rules_name_are_measured():
    tinytorch.manual_seed(0)
    found = core.measures_of(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), 5, IMAGES[:2], LABELS[:2])
    for event in RULES["events"].values():
        assert {event["by"], *event.get("at_least", {}), *event.get("at_most", {})} <= set(found)


def test_seeds_of_steps_are_their_own():
    drawn = {core.seed_of(seed, name, before) for seed in range(3) for name in ("tune", "prune") for before in range(3)}
    assert len(drawn) == 18


def test_a_recipe_with_training_is_repeatable_and_leaves_its_model_alone():
    tinytorch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.ReLU(), nn.Linear(6, 10))
    before = core.entry_bytes(model)

    def tune(model, steps):
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        for _ in range(steps):
            rows = tinytorch.random.generator().integers(0, 150, size=10)
            optimizer.zero_grad()
            nn.CrossEntropyLoss()(model(Tensor(IMAGES[rows, None])), Tensor(LABELS[rows])).backward()
            optimizer.step()
        return model

    def reached(order):
        stages = core.recipe(model, order, {"tune": tune, "quantize": quantize_model}, seed=4)
        return [core.entry_bytes(stage) for stage in stages]

    order = [("tune", 2), ("tune", 2), ("quantize", 8)]
    assert reached(order) == reached(order) and core.entry_bytes(model) == before
    assert len(set(reached(order))) == 4, "each stage is a model of its own"
    gave = core.ablation(order, lambda order: {"bytes": len(reached(order)[-1])})
    assert len(gave) == 3 and gave[2]["bytes"] < 0


def test_a_waterfall_hangs_its_bars_where_the_last_one_ended():
    picture = viz.waterfall(["large", "drop", "tune"], [100.0, 40.0, 45.5], "Bytes", ylabel="bytes")
    ax = picture.figure.axes[0]
    bars = [(bar.get_y(), bar.get_height()) for bar in ax.patches]
    assert bars == [(0, 100), (0, 45.5), (100, -60), (40, 5.5)]
    assert {text.get_text() for text in ax.texts} == {"100", "45.5", "-60", "+5.5"}
    assert ax.patches[3].get_hatch() and not ax.patches[2].get_hatch()
    assert "from 100 to 45.5: drop -60, tune +5.5" in repr(picture)
    assert picture.png().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="one value for each"):
        viz.waterfall(["large", "drop"], [1.0])


def test_an_entry_is_a_file_that_numpy_reads():
    tinytorch.manual_seed(0)
    content = core.entry_bytes(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        assert file["architecture"].tobytes() == b"flatten, linear 64 10"
        assert file["1.weight"].shape == (10, 64)
