"""The rules of the Olympics as data, from the one YAML file that contains them.

Read without a YAML package, since the grading worker has only numpy. So the file uses a small part of YAML:
mappings, indented by two spaces, of words, numbers and mappings; anything else is refused with its line.
"""

import re
from pathlib import Path

FILE = Path(__file__).with_name("rules.yaml")
LINE = re.compile(r"(?P<indent>(?:  )*)(?P<key>[a-z_]+):(?: +(?P<value>[^\s#&*\[\]{}|>!%@`'\"][^#]*?))?\s*(?:#.*)?")


def read_rules(text: str | None = None) -> dict:
    """Return the rules as nested dictionaries; `text` replaces the file."""
    text = FILE.read_text(encoding="utf-8") if text is None else text
    levels: list[dict] = [{}]
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.split("#")[0].strip():
            continue
        found = LINE.fullmatch(line)
        depth = len(found["indent"]) // 2 if found else -1
        if not found or depth >= len(levels) or found["key"] in levels[depth]:
            raise ValueError(f"rules, line {number}: {line!r} is not one `key: value`, indented by two spaces")
        here, key = levels[depth], found["key"]
        here[key] = {} if found["value"] is None else plain(found["value"])
        levels[depth + 1 :] = [here[key]] if found["value"] is None else []
    return levels[0]


def plain(value: str) -> int | float | str:
    """Return a number if the words are one, else the words."""
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            pass
    return value
