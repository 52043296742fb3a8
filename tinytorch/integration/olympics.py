"""Entries of the Olympics: what is judged is what was handed in, and a recipe can be repeated."""

import numpy as np

from tinytorch.integration import integration_test


@integration_test("layers", "spatial", "profiling", "quantization", "olympics")
def an_entry_says_what_its_model_says() -> None:
    """A model in bytes, written as an entry and rebuilt from its words and arrays, gives the same scores"""
    import tinytorch as tt
    from tinytorch import nn
    from tinytorch.core.olympics import build, entry_bytes, parse_architecture, validate_entry, wanted_arrays
    from tinytorch.core.quantization import quantize_model
    from tinytorch.olympics import read_archive, read_rules

    tt.manual_seed(0)
    model = quantize_model(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 10)))
    text, arrays = read_archive(entry_bytes(model), read_rules()["entries"])
    layers = parse_architecture(text)
    faults = validate_entry(wanted_arrays(layers, arrays), arrays)
    assert faults == {}, f"the model's own entry is found faulty: {faults}"
    broken = arrays | {"0.bias": np.full(2, np.nan, dtype="float32")}
    faults = validate_entry(wanted_arrays(layers, broken), broken)
    assert faults == {"0.bias": "not finite"}, f"a bias of NaN is judged {faults}"
    x = tt.tensor(np.random.default_rng(0).uniform(size=(3, 1, 8, 8)).astype("float32"))
    with tt.no_grad():
        np.testing.assert_allclose(build(layers, arrays)(x).data, model(x).data, rtol=1e-4, atol=1e-5)


@integration_test("layers", "autograd", "losses", "optimizers", "compression", "olympics")
def a_recipe_is_repeated_to_the_same_bits() -> None:
    """Dropping units and tuning twice under one seed gives the same weights, and leaves the given model alone"""
    import tinytorch as tt
    from tinytorch import nn, optim
    from tinytorch.core.compression import drop_units
    from tinytorch.core.olympics import recipe

    x = tt.tensor(np.random.default_rng(0).normal(size=(16, 4)).astype("float32"))
    y = tt.tensor(np.arange(16) % 3)

    def drop(model, keep):
        first, second = drop_units(model[0], model[2], keep)
        return nn.Sequential(first, nn.ReLU(), second)

    def tune(model, steps):
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        for _ in range(steps):
            rows = tt.randperm(16).data[:8]
            optimizer.zero_grad()
            nn.CrossEntropyLoss()(model(x[rows]), y[rows]).backward()
            optimizer.step()
        return model

    tt.manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    before = model[0].weight.data.copy()
    order = [("drop", 5), ("tune", 4)]
    once, again = (recipe(model, order, {"drop": drop, "tune": tune}, seed=3)[-1] for _ in range(2))
    assert np.array_equal(once[0].weight.data, again[0].weight.data), "the same seed gave other weights"
    assert np.array_equal(model[0].weight.data, before), "the model that was given was changed"
