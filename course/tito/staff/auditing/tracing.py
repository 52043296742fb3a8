"""Record what the tests call an exercise with: kinds of its arguments, and fingerprints of the visible checks' calls.

A watched solution is the reference with one innermost decorator, so that a `@primitive` is watched on arrays. It runs
in the worker and writes lines of JSON to a file.
"""

import ast
import json
from dataclasses import dataclass, field
from pathlib import Path

WATCHING = """
def _fingerprint(x, depth=0):
    import dataclasses, inspect, zlib, numpy
    if isinstance(x, numpy.ndarray):
        return f"{x.dtype}{x.shape}{zlib.crc32(x.tobytes())}"
    if isinstance(getattr(x, "data", None), numpy.ndarray):
        return "tensor" + _fingerprint(x.data)
    if isinstance(x, (list, tuple)):
        return "[" + ",".join(_fingerprint(part, depth + 1) for part in x) + "]"
    if isinstance(x, dict):
        return "{" + ",".join(f"{key}:{_fingerprint(value, depth + 1)}" for key, value in x.items()) + "}"
    if x is None or isinstance(x, (bool, int, float, str, bytes, numpy.generic)):
        return repr(x)
    if dataclasses.is_dataclass(x) and depth < 6 and not isinstance(x, type):  # with slots it has no __dict__
        fields = {field.name: getattr(x, field.name) for field in dataclasses.fields(x)}
        return type(x).__name__ + _fingerprint(fields, depth + 1)
    if hasattr(x, "__dict__") and depth < 6 and not isinstance(x, type) and not inspect.isroutine(x):
        return type(x).__name__ + _fingerprint(vars(x), depth + 1)
    return type(x).__name__


def _kinds(x):
    import numpy
    array = x if isinstance(x, numpy.ndarray) else getattr(x, "data", None)
    if isinstance(array, numpy.ndarray):
        found = ["array"] + ["batch"] * (array.ndim > 0 and len(array) > 1)
        return found + ["gradient"] * (array is not x and array.dtype.kind == "f" and hasattr(x, "requires_grad"))
    return ["list"] if isinstance(x, list) else [type(x).__name__]


def _watched(function):
    import functools, inspect, json
    signature = inspect.signature(function)

    @functools.wraps(function)
    def watched(*arguments, **options):
        call = signature.bind(*arguments, **options)
        call.apply_defaults()
        line = {"fingerprint": _fingerprint(call.arguments)}
        line["kinds"] = {name: _kinds(value) for name, value in call.arguments.items()}
        try:
            result = function(*arguments, **options)
            line["kinds"]["return"] = _kinds(result)
            return result
        finally:
            with open(PLACE, "a") as file:
                file.write(json.dumps(line) + "\\n")

    return watched
"""
# Knows the answers to the visible checks by heart, and nothing else.
LITERAL = """
def _by_heart(function):
    import functools, inspect
    signature = inspect.signature(function)

    @functools.wraps(function)
    def literal(*arguments, **options):
        call = signature.bind(*arguments, **options)
        call.apply_defaults()
        if _fingerprint(call.arguments) in KNOWN:
            return function(*arguments, **options)
        first = next(iter(call.arguments.values()), None)
        OTHERWISE

    return literal
"""
OTHERWISE = {
    "None": "return None",
    "its input": "return first",
    "an error": "raise ValueError(repr([(x, getattr(x, 'shape', '')) for x in call.arguments.values()]))",
}


@dataclass
class Calls:
    """The recorded calls: kinds by argument (and "return"), fingerprints of calls."""

    kinds_by_name: dict[str, set[str]] = field(default_factory=dict)
    fingerprints: set[str] = field(default_factory=set)

    def kinds(self, name: str) -> set[str]:
        return self.kinds_by_name.get(name, set())


def watched(cell: str, exercise: str, place: Path) -> str:
    """Return the reference cell, changed so that calls of the exercise are noted in the file `place`."""
    return f"{WATCHING}\nPLACE = {str(place)!r}\n{_decorated(cell, exercise, '_watched')}"


def read_calls(place: Path) -> Calls:
    """Read the noted calls."""
    calls = Calls()
    for line in place.read_text(encoding="utf-8").splitlines() if place.exists() else ():
        noted = json.loads(line)
        calls.fingerprints.add(noted["fingerprint"])
        for name, kinds in noted["kinds"].items():
            calls.kinds_by_name.setdefault(name, set()).update(kinds)
    return calls


def cheats(cell: str, exercise: str, visible: Calls) -> dict[str, str]:
    """Return cells that know only the visible checks' answers, by what they do for other inputs."""
    return {
        name: f"{WATCHING}\nKNOWN = {sorted(visible.fingerprints)!r}\n{LITERAL.replace('OTHERWISE', otherwise)}\n"
        + _decorated(cell, exercise, "_by_heart")
        for name, otherwise in OTHERWISE.items()
    }


def _decorated(cell: str, exercise: str, decorator: str) -> str:
    """Put an innermost decorator on the exercise's function; leave a class as it is."""
    tree = ast.parse(cell)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and _same_name(node.name, exercise):
            node.decorator_list.append(ast.Name(decorator, ast.Load()))
    return ast.unparse(ast.fix_missing_locations(tree))


def _same_name(name: str, exercise: str) -> bool:
    return name.replace("_", "").lower() == exercise.replace("_", "").lower()
