"""Tokens that look at each other."""

import numpy as np

from tinytorch.integration import integration_test


@integration_test("tensor", "activations", "layers", "attention")
def nothing_comes_from_the_future() -> None:
    """With a causal mask a token changes nothing before it, bit for bit"""
    import tinytorch as tt
    from tinytorch.core.attention import MultiHeadAttention

    tt.manual_seed(7)
    layer, x = MultiHeadAttention(8, 2, causal=True), np.random.default_rng(7).normal(size=(5, 8)).astype("float32")
    before = layer(tt.tensor(x)).data
    for place in range(5):
        changed = x.copy()
        changed[place] += 1.0
        after = layer(tt.tensor(changed)).data
        places = np.flatnonzero((before != after).any(axis=-1)).tolist()
        assert places == list(range(place, 5)), f"a change at place {place} changed the results at {places}"


@integration_test("tensor", "activations", "layers", "losses", "autograd", "optimizers", "embeddings", "attention")
def one_head_learns_to_reverse() -> None:
    """One head, trained on rows of digits, reverses rows that it has not seen"""
    import tinytorch as tt
    from tinytorch import nn, optim
    from tinytorch.core.attention import MultiHeadAttention

    tt.manual_seed(7)
    digits, places, head, scores = nn.Embedding(5, 16), nn.Embedding(4, 16), MultiHeadAttention(16, 1), nn.Linear(16, 5)
    parts = nn.ModuleList([digits, places, head, scores])
    optimizer, rng = optim.Adam(parts.parameters(), lr=0.02), np.random.default_rng(7)

    def answer(rows):
        return scores(head(digits(tt.tensor(rows)) + places(tt.tensor(np.arange(4)))))

    for _ in range(100):
        rows = rng.integers(0, 5, size=(32, 4))
        optimizer.zero_grad()
        nn.functional.cross_entropy(answer(rows).reshape(-1, 5), tt.tensor(rows[:, ::-1].reshape(-1))).backward()
        optimizer.step()
    rows = rng.integers(0, 5, size=(100, 4))
    right = (np.argmax(answer(rows).data, axis=-1) == rows[:, ::-1]).mean()
    assert right > 0.95, f"{right:.0%} of the digits are right after 100 steps"
