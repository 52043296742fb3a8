"""Blocks of attention that read a text, and continue it."""

import numpy as np

from tinytorch.integration import integration_test

NEEDS = (
    *("tensor", "activations", "layers", "losses", "autograd", "optimizers", "dataloader", "training"),
    *("tokenization", "embeddings", "attention", "transformers"),
)


@integration_test(*NEEDS)
def a_transformer_reads_nothing_from_the_future() -> None:
    """A transformer's scores at a place don't depend on what is written after it, bit for bit"""
    import tinytorch as tt
    from tinytorch import nn

    tt.manual_seed(7)
    model, rng = nn.Transformer(10, 6, dim=8, heads=2, layers=2).eval(), np.random.default_rng(7)
    ids = rng.integers(0, 10, size=(1, 6))
    with tt.no_grad():
        before = model(tt.tensor(ids)).data
        for place in range(6):
            changed = ids.copy()
            changed[0, place:] = (changed[0, place:] + rng.integers(1, 10, size=6 - place)) % 10
            after = model(tt.tensor(changed)).data
            places = np.flatnonzero((before != after).any(axis=(0, 2))).tolist()
            assert places == list(range(place, 6)), f"tokens from place {place} on changed the scores at {places}"


@integration_test(*NEEDS)
def a_transformer_writes_what_it_learnt() -> None:
    """A transformer, trained on a line, goes on with it, also beyond its context"""
    import tinytorch as tt
    from tinytorch import nn, optim
    from tinytorch.core.transformers import generate

    tt.manual_seed(7)
    line = [3, 1, 4, 1, 5, 2, 6, 0]
    model = nn.Transformer(7, 6, dim=16, heads=2, layers=1)
    optimizer, rng = optim.Adam(model.parameters(), lr=0.02), np.random.default_rng(7)
    for _ in range(120):
        windows = np.stack([np.roll(line * 2, -start)[:7] for start in rng.integers(0, 8, size=16)])
        scores = model(tt.tensor(windows[:, :-1]))
        optimizer.zero_grad()
        nn.functional.cross_entropy(scores.reshape(-1, 7), tt.tensor(windows[:, 1:].reshape(-1))).backward()
        optimizer.step()
    written = generate(model, line[:3], 13, temperature=0)
    assert written == line * 2, f"after {line[:3]} it wrote {written[3:]}, the line goes on {(line * 2)[3:]}"
