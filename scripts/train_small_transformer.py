"""Train the small transformer that comes with the package: writes tinytorch/data/files/small_transformer.npz.

Run it in a checkout after `tito export --all`:  python scripts/train_small_transformer.py
It takes about ten minutes on one core. RECIPE says what it does; the file contains it too, and module 13 prints it.
"""

import json
from pathlib import Path

import numpy as np

from tinytorch import manual_seed, optim
from tinytorch.core.optimizers import warmup_cosine
from tinytorch.core.tokenization import CharTokenizer
from tinytorch.core.transformers import Transformer, generate, held_out_loss, language_loss, random_windows
from tinytorch.datasets import shakespeare
from tinytorch.datasets.trained import FILE
from tinytorch.optim.lr_scheduler import LambdaLR
from tinytorch.random import get_rng_state, set_rng_state
from tinytorch.training import Trainer

SEED, STEPS, BATCH, LR, WARMUP = 2017, 3000, 16, 0.01, 50
SIZES = {"context": 64, "dim": 64, "heads": 4, "layers": 2}
SAMPLED_AT, SAMPLE_LENGTH, TEMPERATURE = (0, 100, 400, 1500), 220, 0.8
RECIPE = (
    f"Trained by scripts/train_small_transformer.py with the reference of module 13: {STEPS} steps of {BATCH} windows "
    f"of {SIZES['context']} characters from the first nine tenths of tinyshakespeare, Adam, learning rate {LR} with "
    f"{WARMUP} steps of warm-up and a cosine, gradients clipped at 1, seed {SEED}. Samples: seed 0, temperature "
    f"{TEMPERATURE}, as they came, none chosen."
)


def sample(model, tokenizer) -> str:
    """Let the model write after a line's end; training's random numbers go on as if nothing had been drawn."""
    state = get_rng_state()
    manual_seed(0)
    ids = generate(model, tokenizer.encode("\n"), SAMPLE_LENGTH, temperature=TEMPERATURE)
    set_rng_state(state)
    return tokenizer.decode(ids[1:])


def main() -> None:
    text = shakespeare()
    tokenizer = CharTokenizer(text)
    ids = np.array(tokenizer.encode(text), dtype="int32")
    cut = len(ids) * 9 // 10
    manual_seed(SEED)
    sizes = {"vocabulary": len(tokenizer)} | SIZES
    model = Transformer(**sizes)
    optimizer = optim.Adam(model.parameters(), lr=LR)
    schedule = LambdaLR(optimizer, lambda step: warmup_cosine(step, WARMUP, STEPS))
    trainer = Trainer(model, language_loss, optimizer, scheduler=schedule, max_norm=1.0)
    losses, samples, held_out = [], {}, {}
    for step in range(STEPS + 1):
        if step in SAMPLED_AT:
            samples[step] = sample(model, tokenizer)
        if step in (*SAMPLED_AT, STEPS):
            held_out[step] = round(held_out_loss(model, ids[cut:]), 4)
            print(step, held_out[step], samples.get(step), flush=True)
        if step < STEPS:
            losses.append(trainer.train_batch(*random_windows(ids[:cut], BATCH, model.context)))
    notes = {"sizes": sizes, "characters": "".join(sorted(set(text))), "samples": samples, "held_out": held_out}
    state = {name: tensor.data.astype("float16") for name, tensor in model.state_dict().items()}
    path = Path(__file__).resolve().parents[1] / "tinytorch" / "data" / "files" / FILE
    np.savez_compressed(
        path, notes=json.dumps(notes | {"recipe": RECIPE}), losses=np.array(losses, dtype="float16"), **state
    )
    print(f"wrote {path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
