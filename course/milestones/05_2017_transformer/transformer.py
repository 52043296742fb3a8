"""2017: attention alone, without recurrence, learns what needs the whole sequence, and writes.

Vaswani and others, "Attention is all you need", NeurIPS 30. Two stages with your own blocks, gradients and Trainer:
eight digits and a stop sign in, the same digits reversed out; then a million characters of Shakespeare, and a text of
its own.

Run it with `tito milestone run transformer`, or as a script. Budgets are in steps, the same on every machine.
"""

import math

import numpy as np

from tinytorch import datasets, manual_seed, nn, no_grad, optim, tensor, viz
from tinytorch.core.optimizers import warmup_cosine
from tinytorch.core.tokenization import CharTokenizer
from tinytorch.core.transformers import generate, held_out_loss, language_loss, random_windows
from tinytorch.optim.lr_scheduler import LambdaLR
from tinytorch.random import generator
from tinytorch.training import Trainer

DIGITS, STOP = 8, 10  # digits in a sequence; the id of the sign after them
REVERSING_STEPS, WRITING_STEPS = 150, 600
CONTEXT, WINDOWS = 32, 32  # characters in a window, windows in a batch
EXACT_ENOUGH = 0.99
SAMPLE_LENGTH, TEMPERATURE = 300, 0.7


def run(seed: int, steps: int = WRITING_STEPS) -> dict:
    """Reverse first; whoever does it without mistakes goes on to write."""
    manual_seed(seed)
    exact = reversed_exactly(trained_to_reverse())
    print(f"stage 1: {exact:.1%} of 1,000 new sequences reversed exactly, after {REVERSING_STEPS} steps", flush=True)
    if exact < EXACT_ENOUGH:
        print(f"stage 2 begins at {EXACT_ENOUGH:.0%}: look at your attention, mask and block first")
        return {"value": 0.0, "picture": viz.bars(["reversed exactly"], {"share": [exact]}, "2017: stage 1")}
    return write(steps)


def sequences(count: int):
    """Draw digits, then a stop, then the digits reversed: inputs and, one place further, targets."""
    digits = generator().integers(0, 10, size=(count, DIGITS))
    rows = np.concatenate([digits, np.full((count, 1), STOP), digits[:, ::-1]], axis=1)
    return tensor(rows[:, :-1]), tensor(rows[:, 1:])


def answer_loss(scores, targets):
    """Only the answer counts: the digits themselves are drawn, nobody can guess them."""
    return language_loss(scores[:, DIGITS:], targets[:, DIGITS:])


def trainer_of(model, loss_fn, steps: int) -> Trainer:
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    schedule = LambdaLR(optimizer, lambda step: warmup_cosine(step, steps // 10, steps))
    return Trainer(model, loss_fn, optimizer, scheduler=schedule, max_norm=1.0)


def trained_to_reverse():
    model = nn.Transformer(STOP + 1, 2 * DIGITS, dim=32, heads=4, layers=2)
    trainer = trainer_of(model, answer_loss, REVERSING_STEPS)
    for _ in range(REVERSING_STEPS):
        trainer.train_batch(*sequences(64))
    return model


def reversed_exactly(model, count: int = 1000) -> float:
    """Return the share of new sequences of which every digit of the answer is the likeliest one."""
    inputs, targets = sequences(count)
    with no_grad():
        answers = model(inputs).data[:, DIGITS:].argmax(axis=-1)
    return float((answers == targets.data[:, DIGITS:]).all(axis=1).mean())


def write(steps: int) -> dict:
    """Train on nine tenths of the plays, measure on the last, and let the model write."""
    plays = datasets.shakespeare()
    tokenizer = CharTokenizer(plays)
    ids = np.array(tokenizer.encode(plays), dtype="int32")
    cut = len(ids) * 9 // 10
    model = nn.Transformer(len(tokenizer), CONTEXT, dim=64, heads=4, layers=2)
    trainer, losses = trainer_of(model, language_loss, steps), []
    for step in range(1, steps + 1):
        losses.append(trainer.train_batch(*random_windows(ids[:cut], WINDOWS, CONTEXT)))
        if step % 100 == 0:
            print(f"step {step}: {np.mean(losses[-100:]):.3f} nats a character on what it learns from", flush=True)
    loss = held_out_loss(model, ids[cut:], count=512)
    text = tokenizer.decode(generate(model, tokenizer.encode("ROMEO:\n"), SAMPLE_LENGTH, temperature=TEMPERATURE))
    print(f"stage 2: {loss:.3f} nats a character on unseen text after {steps} steps\n\n{text}", flush=True)
    return {"value": math.exp(-loss), "picture": picture(losses, loss, text)}


def picture(losses: list, loss: float, text: str) -> viz.Picture:
    """Keep the curve, and beneath it what was written."""
    drawn = viz.lines(
        None,
        {"training": losses, "2.0 nats": [2.0] * len(losses)},
        f"2017: {loss:.3f} nats a character on unseen text",
        xlabel="step",
        ylabel="nats a character",
    )
    figure = drawn.figure
    figure.set_size_inches(7, 8)
    figure.axes[0].set_position([0.1, 0.56, 0.87, 0.38])
    figure.set_layout_engine("none")
    figure.text(0.1, 0.47, text, va="top", family="monospace", fontsize=8, parse_math=False)  # it may hold two $
    return drawn


if __name__ == "__main__":
    print(f"value {run(seed=2017)['value']:.4f}")
