"""The Olympics board uses digits that nobody has seen, and learning the published ones by heart gains little."""

import numpy as np
import pytest
from tito.judge import board as boards

import tinytorch
from tinytorch import Tensor, nn, no_grad, optim
from tinytorch.data import DataLoader, TensorDataset
from tinytorch.datasets import Digits

SEED = 20290528
MOST_GAINED = 0.01  # as a share of all digits
EPOCHS = 10


@pytest.fixture(scope="module")
def published():
    return Digits(train=False).arrays()


@pytest.fixture(scope="module")
def board(published):
    return boards.board(*published, SEED)


def test_the_same_seed_gives_the_same_digits_and_another_one_others(published, board):
    again, other = boards.board(*published, SEED), boards.board(*published, SEED + 1)
    for half in ("public", "hidden"):
        assert np.array_equal(getattr(board, half).images, getattr(again, half).images)
        assert np.array_equal(getattr(board, half).labels, getattr(again, half).labels)
        assert not np.array_equal(getattr(board, half).images, getattr(other, half).images)


def test_digits_of_the_board_are_images_and_none_of_the_published_ones(published, board):
    images = np.concatenate([board.public.images, board.hidden.images])
    assert images.dtype == np.float32 and images.shape == published[0].shape
    assert images.min() >= 0 and images.max() <= 1
    assert sorted([*board.public.labels, *board.hidden.labels]) == sorted(published[1])
    flat, known = images.reshape(len(images), -1), published[0].reshape(len(images), -1)
    nearest = np.sqrt(((flat[:200, None] - known[None]) ** 2).sum(axis=2)).min(axis=1)
    assert nearest.min() > 0.5, "no digit is a published one with a little noise"


def test_no_published_image_has_a_part_in_both_halves(published):
    images, labels = published[0].astype("float64"), published[1]
    first = np.random.default_rng(SEED).permutation(len(images))[: (len(images) + 1) // 2]
    for own, other in (("public", "hidden"), ("hidden", "public")):
        marked = images.copy()
        marked[first if own == "public" else np.setdiff1d(np.arange(len(images)), first)] += 100
        made = boards.board(marked, labels, SEED)
        assert (getattr(made, own).images.reshape(-1, 64).min(axis=1) == 1).all()
        assert getattr(made, other).images.min() < 1


def test_an_image_moves_and_its_stroke_grows_and_shrinks():
    dot = np.zeros((1, 8, 8))
    dot[0, 3, 3] = 1
    moved = boards.shifted(dot, np.array([0.25]), np.array([0.0]))
    assert moved[0, 3, 3] == 0.75 and moved[0, 4, 3] == 0.25 and moved.sum() == 1
    assert boards.shifted(dot, np.array([0.0]), np.array([-0.5]))[0, 3, 2] == 0.5
    thick, thin = (boards.stroked(dot, np.array([by]))[0] for by in (0.5, -0.5))
    assert thick[3, 3] == 1 and thick[3, 4] == thick[2, 3] == 0.5 and thick[4, 4] == 0
    assert thin[3, 3] == 0.5 and thin.sum() == 0.5


def test_a_net_that_has_learned_the_published_test_set_gains_at_most_a_point(published, board):
    own = Digits(train=True).arrays()
    both = tuple(np.concatenate(pair) for pair in zip(own, published, strict=True))
    asked = tuple(np.concatenate(pair) for pair in zip(*map(vars_of, (board.public, board.hidden)), strict=True))
    by_heart, gained = [], []
    for units, seed in ((64, 0), (32, 1)):
        honest, forger = trained(*own, units, seed), trained(*both, units, seed)
        by_heart.append(right(forger, *published) - right(honest, *published))
        gained.append(right(forger, *asked) - right(honest, *asked))
        assert right(honest, *asked) >= 0.95, "the rules can be kept"
    assert min(by_heart) > 2 * MOST_GAINED, "the published images would tell it apart"
    assert np.mean(gained) <= MOST_GAINED, gained


def vars_of(half):
    return half.images, half.labels


def trained(images, labels, units, seed):
    """Train a small network."""
    tinytorch.manual_seed(seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, units), nn.ReLU(), nn.Linear(units, 10))
    optimizer, loss = optim.Adam(model.parameters(), lr=0.003), nn.CrossEntropyLoss()
    loader = DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True)
    for epoch in range(EPOCHS):
        optimizer.lr = 0.005 * (1 - epoch / EPOCHS)
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss(model(inputs), targets).backward()
            optimizer.step()
    return model


def right(model, images, labels):
    with no_grad():
        return float((model(Tensor(images)).data.argmax(axis=1) == labels).mean())
