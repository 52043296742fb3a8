"""Run an ordinary script under PyTorch or, with changed imports, under TinyTorch; return its result in plain values.

A group is a file `ordinary/NAME.txt`; each of its scripts begins with a line `### title` and stores its result in
`result`.
"""

import os
import re
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
RECORDED = HERE / "recorded.json"
IMPORT = re.compile(r"^(\s*)import torch$|^(\s*)import torch\.([\w.]+)( as \w+)$|^(\s*)from torch\b", re.MULTILINE)


def scripts() -> dict[str, str]:
    """Return all scripts as "group: title" -> source."""
    found = {}
    for path in sorted((HERE / "ordinary").glob("*.txt")):
        for part in re.split(r"^### ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            title, source = part.split("\n", 1)
            found[f"{path.stem}: {title}"] = source
    return found


def for_tinytorch(source: str) -> str:
    """Change only the imports."""

    def changed(match: re.Match) -> str:
        line = match.group(0)
        return line.replace("import torch", "import tinytorch as torch") if line.endswith("import torch") else (
            line.replace("torch", "tinytorch", 1)
        )  # fmt: skip

    return IMPORT.sub(changed, source)


def run(source: str):
    """Run a script in a new folder; return its result in plain values."""
    names: dict = {"__name__": "script"}
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="script-") as folder:
        os.chdir(folder)
        try:
            exec(compile(source, "script", "exec"), names)
        finally:
            os.chdir(before)
    return plain(names["result"])


def plain(value):
    """Turn tensors into nested lists, also inside lists, tuples and dicts."""
    if hasattr(value, "detach"):
        return value.detach().tolist()
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value


def differences(ours, theirs, place="result", tolerance=2e-5) -> list[str]:
    """List the places where two results differ."""
    if isinstance(theirs, dict) and isinstance(ours, dict) and list(ours) == list(theirs):
        return [d for key in theirs for d in differences(ours[key], theirs[key], f"{place}[{key!r}]")]
    if isinstance(theirs, list) and isinstance(ours, list) and len(ours) == len(theirs):
        return [d for i, pair in enumerate(zip(ours, theirs, strict=True)) for d in differences(*pair, f"{place}[{i}]")]
    numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (ours, theirs))
    if ours == theirs or (ours != ours and theirs != theirs):
        return []
    if numbers and abs(ours - theirs) <= tolerance * max(1.0, abs(theirs)):
        return []
    return [f"{place}: {ours!r:.80}, PyTorch has {theirs!r:.80}"]
