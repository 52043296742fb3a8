"""1969: exclusive or, on which one layer fails and two succeed.

Minsky and Papert, "Perceptrons", MIT Press: a single layer draws one straight line, and no straight line separates the
corners of a square by "exactly one of the two". A hidden layer bends the line; what was missing was a way to train it.

Run it with `tito milestone run xor`, or as a script. Beside the figure, `tito` keeps a film of the boundary that bends.
"""

import numpy as np

from tinytorch import Tensor, manual_seed, nn, no_grad, optim, viz

STEPS = 400
LOOKS = (0, 5, 10, 20, 30, 50, 399)  # steps of the film: most happens early
NOISE = 0.12  # around the corners of the square; they stay apart at four times this


def points_around_corners(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points (n, 2) near the corners of the unit square, and whether exactly one coordinate is large."""
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 2, size=(n, 2))
    exactly_one = (corners[:, :1] != corners[:, 1:]).astype("float32")
    return (corners + NOISE * rng.normal(size=(n, 2))).astype("float32"), exactly_one


def train(model, points: np.ndarray, targets: np.ndarray, look=lambda step: None) -> list[float]:
    """Take steps on all points at once, letting `look` see each before it is taken; return the losses."""
    optimizer, losses = optim.Adam(model.parameters(), lr=0.05), []
    for step in range(STEPS):
        look(step)
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(Tensor(points)), Tensor(targets))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def accuracy(model, points: np.ndarray, targets: np.ndarray) -> float:
    with no_grad():
        return float(np.mean((model(Tensor(points)).data > 0) == (targets > 0.5)))


def film(seed: int):
    """Train two layers once more, and keep where the boundary runs: in a notebook a slider moves it."""
    manual_seed(seed)
    points, targets = points_around_corners(200, seed)
    model = two_layers()
    boundary = viz.DecisionBoundary(points, targets[:, 0], "Exclusive or, two layers")

    def look(step: int) -> None:
        if step in LOOKS:
            with no_grad():
                boundary.add(step, lambda places: model(Tensor(places)).data)

    train(model, points, targets, look)
    return boundary


def two_layers() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))


def run(seed: int) -> dict:
    """Train both, and measure on points that were never seen."""
    manual_seed(seed)
    points, targets = points_around_corners(400, seed)
    unseen = points_around_corners(400, seed + 1)
    models = {"one layer": nn.Linear(2, 1), "two layers": two_layers()}
    losses = {name: train(model, points, targets) for name, model in models.items()}
    found = {name: accuracy(model, *unseen) for name, model in models.items()}
    for name, share in found.items():
        print(f"{name}: {share:.1%} right, loss {losses[name][-1]:.4f}")
    if found["one layer"] > 0.8:  # three of four corners are the most that a straight line can have
        raise AssertionError(f"one layer got {found['one layer']:.1%}: a straight line can't, is Linear really linear?")
    picture = viz.lines(
        None,
        losses,
        f"1969: exclusive or. One layer {found['one layer']:.0%} right, two {found['two layers']:.0%}",
        xlabel="step",
        ylabel="loss",
    )
    return {"value": found["two layers"], "picture": picture, "film": lambda: film(seed)}


if __name__ == "__main__":
    print(f"accuracy {run(seed=1969)['value']:.1%}")
