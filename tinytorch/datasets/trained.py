"""A small transformer that was trained before, and what it wrote on the way.

Made by `scripts/train_small_transformer.py`.

>>> trained = trained_transformer()
>>> model = Transformer(**trained.sizes)          # your own class
>>> model.load_state_dict(trained.state)
"""

import io
import json
from importlib.resources import files
from typing import NamedTuple

import numpy as np

FILE = "small_transformer.npz"


class Trained(NamedTuple):
    """The result of one training run on Shakespeare's plays.

    sizes: what `Transformer` is made with.
    characters: the vocabulary, one character for each id.
    state: name -> float32 array, rounded to float16 in the file.
    samples: steps taken -> text that the model wrote then.
    held_out: steps taken -> nats a character on text that it hasn't seen.
    losses: the training loss of each step.
    recipe: how all of it was made, in words.
    """

    sizes: dict[str, int]
    characters: str
    state: dict[str, np.ndarray]
    samples: dict[int, str]
    held_out: dict[int, float]
    losses: np.ndarray
    recipe: str


def trained_transformer() -> Trained:
    """Read the trained transformer that comes with the package."""
    content = (files("tinytorch") / "data" / "files" / FILE).read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        notes = json.loads(str(arrays["notes"]))
        losses = arrays["losses"].astype(np.float32)
        names = [name for name in arrays.files if name not in ("notes", "losses")]
        state = {name: arrays[name].astype(np.float32) for name in names}
    samples = {int(steps): text for steps, text in notes["samples"].items()}
    held_out = {int(steps): loss for steps, loss in notes["held_out"].items()}
    return Trained(notes["sizes"], notes["characters"], state, samples, held_out, losses, notes["recipe"])
