"""Mutants that need not be caught, each with a reason, in `equivalent_mutants.yaml` in the module's folder.

```yaml
- exercise: add                  # identified by the lines that differ, as the audit prints them
  was: [return a + b]
  becomes: [return b + a]
  reason: a sum does not depend on the order
- exercise: relu
  ...
  counts: true                   # it does behave differently: it lowers the score, but it is explained
```
"""

from dataclasses import dataclass
from pathlib import Path

import yaml

from tito.errors import TitoError
from tito.strict_yaml import load_strictly

FILE_NAME = "equivalent_mutants.yaml"
FIELDS = {"exercise", "was", "becomes", "reason", "counts"}
Key = tuple[str, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Explained:
    """A recorded survivor."""

    key: Key
    reason: str
    counts: bool = False


def read_explained(folder: Path) -> dict[Key, Explained]:
    """Read the entries in a module's folder; a folder without the file has none."""
    path = folder / FILE_NAME
    if not path.exists():
        return {}
    try:
        entries = load_strictly(path.read_text(encoding="utf-8")) or []
    except yaml.YAMLError as error:
        raise TitoError(f"{path.name} of {folder.name} is not valid YAML: {error}") from error
    if not isinstance(entries, list):
        raise TitoError(f"{path.name} of {folder.name} must be a list of entries, not a {type(entries).__name__}")
    found = [_entry(entry, f"{folder.name}/{path.name}, entry {n}") for n, entry in enumerate(entries, 1)]
    return {explained.key: explained for explained in found}


def _entry(entry: object, place: str) -> Explained:
    if not isinstance(entry, dict) or not set(entry) <= FIELDS:
        raise TitoError(f"{place}: an entry may only have the keys {', '.join(sorted(FIELDS))}")
    lines = [entry.get("was", []), entry.get("becomes", [])]
    if not all(isinstance(part, list) and all(isinstance(line, str) for line in part) for part in lines):
        raise TitoError(f"{place}: was and becomes must be lists of lines of text")
    if not str(entry.get("reason") or "").strip():
        raise TitoError(f"{place}: reason is missing: say why this mutant need not be caught")
    key = (str(entry.get("exercise")), tuple(lines[0]), tuple(lines[1]))
    return Explained(key, str(entry["reason"]), bool(entry.get("counts", False)))
