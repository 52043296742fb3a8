"""Write states to files and read them: PyTorch's `torch.save` and `torch.load`, in a format that runs nothing.

A file is numpy's `.npz`: the arrays, and one entry `structure` of JSON that says how they hang together. Promises: a
file that has a name is written whole or not at all; nothing in a file is run when it is read, so it may come from
anywhere.
"""

import contextlib
import json
import os
from pathlib import Path

import numpy as np

from tinytorch.bound import core, is_tensor

ZIP = b"PK"  # how a zip archive begins, as .npz files are


def save(state, file):
    """Write a state: dicts, lists, tuples, Tensors, arrays, numbers, text, None. `file` is a path or an open file."""
    arrays = []
    structure = np.array(json.dumps(packed(state, arrays)))
    content = {"structure": structure, **{f"array{i}": array for i, array in enumerate(arrays)}}
    if hasattr(file, "write"):
        np.savez(file, **content)
    else:
        write_whole(Path(file), content)


def write_whole(path, content):
    """Write next to the final name and rename: a power cut leaves the old file or the new one, never half of each."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        np.savez(file, **content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load(file, map_location=None, weights_only=True):
    """Read what save() wrote, from a path or an open file."""
    with contextlib.nullcontext(file) if hasattr(file, "read") else Path(file).open("rb") as source:
        start = source.read(len(ZIP))
        source.seek(-len(start), os.SEEK_CUR)
        if start != ZIP:
            raise ValueError(f"{file} is no checkpoint: save() writes .npz files, and a buffer is read after seek(0)")
        return read_entries(source, file)


def read_entries(source, shown):
    """Read a state from an open .npz file; `shown` is what errors call it."""
    with np.load(source, allow_pickle=False) as entries:
        if "structure" not in entries:
            raise ValueError(f"{shown} is an .npz file, but no checkpoint: save() writes an entry 'structure'")
        return unpacked(json.loads(str(entries["structure"])), entries)


def packed(value, arrays):
    """Turn a state into what JSON can say; arrays are put aside, and named by their number."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if is_tensor(value):
        return {"learning" if value.requires_grad else "tensor": packed(value.data, arrays)}
    if isinstance(value, np.generic):
        return packed(value.item(), arrays)
    if isinstance(value, dict) and all(isinstance(key, (str, int)) for key in value):
        return {"dict": [[key, packed(part, arrays)] for key, part in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"tuple" if isinstance(value, tuple) else "list": [packed(part, arrays) for part in value]}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(
        "a state consists of dicts (their keys are text or whole numbers), lists, tuples, Tensors, arrays, numbers, "
        f"text and None, got {value!r:.60}: save model.state_dict(), not the model"
    )


def unpacked(value, entries):
    """Undo packed()."""
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "array":
        return entries[f"array{content}"]
    if kind in ("tensor", "learning"):
        return core("tensor").Tensor(unpacked(content, entries), requires_grad=kind == "learning")
    if kind == "dict":
        pairs = content.items() if isinstance(content, dict) else content  # as files of before were written
        return {key: unpacked(part, entries) for key, part in pairs}
    parts = [unpacked(part, entries) for part in content]
    return tuple(parts) if kind == "tuple" else parts
