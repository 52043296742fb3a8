"""1958: Frank Rosenblatt's perceptron, the first machine that learned to see.

Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the brain",
Psychological Review 65. His machine had 400 photocells and motors that turned its weights. Ours has 64 pixels and your
own `Linear`. The rule needs no gradient: if an answer is wrong, add the input to the weights, or subtract it.

Run it with `tito milestone run perceptron`, or as a script.
"""

import numpy as np

from tinytorch import Tensor, manual_seed, nn, viz
from tinytorch.datasets import Digits

EPOCHS = 10
NO, YES = 1, 8  # the two classes: is this an eight?


def two_classes(train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the ones and eights: images (N, 64) and answers, -1 for a one and +1 for an eight."""
    images, labels = Digits(train=train).arrays()
    chosen = (labels == NO) | (labels == YES)
    return images[chosen].reshape(-1, 64), np.where(labels[chosen] == YES, 1.0, -1.0)


def answers(model, images: np.ndarray) -> np.ndarray:
    """Return -1 or +1 for each image."""
    return np.where(model(Tensor(images)).data[:, 0] > 0, 1.0, -1.0)


def learn(model, images: np.ndarray, targets: np.ndarray, order: np.ndarray) -> int:
    """Show each image once, in this order; return how many answers were wrong and mended."""
    mended = 0
    for i in order:
        x, target = images[i : i + 1], targets[i]
        if answers(model, x)[0] != target:
            model.weight.data = model.weight.data + np.float32(target) * x
            model.bias.data = model.bias.data + np.float32(target)
            mended += 1
    return mended


def run(seed: int) -> dict:
    """Learn, and measure on writers that were never seen."""
    rng = manual_seed(seed)  # tinytorch's one generator
    images, targets = two_classes(train=True)
    unseen_images, unseen_targets = two_classes(train=False)
    model = nn.Linear(64, 1)
    model.weight.data, model.bias.data = np.zeros((1, 64), "float32"), np.zeros(1, "float32")  # all motors at zero
    history = []
    for epoch in range(EPOCHS):
        mended = learn(model, images, targets, rng.permutation(len(images)))
        history.append(float(np.mean(answers(model, unseen_images) == unseen_targets)))
        print(f"epoch {epoch + 1:2}: {mended:3} of {len(images)} mended, {history[-1]:.1%} right on unseen writers")
    picture = viz.lines(
        np.arange(1, EPOCHS + 1),
        {"accuracy": history},
        "1958: a perceptron tells 1 from 8",
        xlabel="epoch",
        ylabel="right on unseen writers",
        markers=True,
    )
    return {"value": history[-1], "picture": picture}


if __name__ == "__main__":
    print(f"accuracy {run(seed=1958)['value']:.1%}")
