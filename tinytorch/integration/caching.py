"""Text that is written with kept keys and values."""

import numpy as np

from tinytorch.integration import integration_test

NEEDS = (
    "tensor",
    "activations",
    "layers",
    "losses",
    "autograd",
    "embeddings",
    "attention",
    "transformers",
    "kvcaching",
)


@integration_test(*NEEDS)
def a_text_in_pieces_scores_as_the_whole() -> None:
    """Scores of texts that are read in pieces are those of the whole texts, at every place"""
    import tinytorch as tt
    from tinytorch import nn
    from tinytorch.core.kvcaching import empty_caches, read_on

    tt.manual_seed(7)
    model = nn.Transformer(10, 8, dim=8, heads=2, layers=2)
    ids = np.random.default_rng(7).integers(0, 10, size=(3, 8))
    whole = model(tt.tensor(ids)).data
    for ends in ((1, 2, 3, 4, 5, 6, 7, 8), (5, 6, 8)):
        caches = empty_caches(model, batch=3)
        pieces = np.concatenate([read_on(model, ids[:, :end], caches).data for end in ends], axis=1)
        apart = np.abs(pieces - whole).max(axis=(0, 2))
        wrong = np.flatnonzero(apart > 1e-4).tolist()
        assert not wrong, f"read up to {ends}, the scores at the places {wrong} differ by up to {apart.max():.2g}"


@integration_test(*NEEDS)
def a_cache_changes_no_letter() -> None:
    """Under a seed the same text is written with a cache and without one, to the end of the context and beyond"""
    import tinytorch as tt
    from tinytorch import nn
    from tinytorch.core.kvcaching import generate_cached
    from tinytorch.core.transformers import generate

    tt.manual_seed(7)
    model, texts = nn.Transformer(10, 8, dim=8, heads=2, layers=2), []
    for write in (generate, generate_cached):
        tt.manual_seed(8)
        texts.append(write(model, [3, 1, 4], 20))
    assert texts[0] == texts[1], f"without a cache {texts[0]}, with a cache {texts[1]}"
