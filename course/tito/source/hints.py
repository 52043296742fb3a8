"""Stepwise hints: what `hints.yaml` next to a module's source says about an exercise, and how a release carries it.

The file maps an exercise to up to three texts, each with more help, which come after its docstring's HINT. A release
has them in the notebook's metadata: its cells, and the digests of source and tests, are the same with or without them.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tito.curriculum import Module
from tito.errors import Finding, FindingsError

if TYPE_CHECKING:
    from tito.curriculum.files import YamlFile

FILE_NAME = "hints.yaml"
MOST = 3  # for one exercise; if they don't help, ask a person
LONGEST_CHARACTERS = 500  # of one hint: it is read next to a failing test
_KEY = "tinytorch"


def read_hints(module: Module) -> dict[str, list[str]]:
    """Read a module's hints by exercise, in the module's order; {} without the file, FindingsError for a wrong one."""
    path = module.source.parent / FILE_NAME
    if not path.is_file():
        return {}
    from tito.curriculum.files import open_yaml  # needs YAML, which readers of a release need not load

    findings: list[Finding] = []
    file = open_yaml(path, findings)
    if file is not None:
        findings += _wrong(file, [exercise.name for exercise in module.exercises])
    if findings or file is None:
        raise FindingsError(findings)
    return {e.name: [text.strip() for text in file.data[e.name]] for e in module.exercises if e.name in file.data}


def _wrong(file: "YamlFile", exercises: list[str]) -> Iterator[Finding]:
    if not isinstance(file.data, dict):
        yield file.finding("must be a mapping from an exercise to its hints")
        return
    for name, hints in file.data.items():
        if name not in exercises:
            yield file.finding(f"'{name}' is not an exercise of this module. It has: {', '.join(exercises)}", name)
        elif not isinstance(hints, list) or not 1 <= len(hints) <= MOST:
            yield file.finding(f"'{name}' must have a list of 1 to {MOST} hints", name)
        else:
            yield from _wrong_texts(file, name, hints)


def _wrong_texts(file: "YamlFile", name: str, hints: list) -> Iterator[Finding]:
    for index, text in enumerate(hints):
        if not isinstance(text, str) or not text.strip():
            yield file.finding(f"hint {index + 1} of '{name}' must be text, not {text!r}", name, index)
        elif len(text.strip()) > LONGEST_CHARACTERS:
            message = f"hint {index + 1} of '{name}' has {len(text.strip())} characters: {LONGEST_CHARACTERS} at most"
            yield file.finding(message, name, index)
        elif text.strip() in [str(earlier).strip() for earlier in hints[:index]]:
            yield file.finding(f"hint {index + 1} of '{name}' repeats an earlier one", name, index)


def as_metadata(hints: dict[str, list[str]]) -> dict[str, Any]:
    """Write hints as part of a notebook's metadata; {} without hints."""
    return {_KEY: {"hints": hints}} if hints else {}


def hints_in(notebook: Any) -> dict[str, list[str]]:
    """Read the hints of a release; damaged or malformed hints count as none."""
    try:
        found = notebook["metadata"][_KEY]["hints"]
        return {str(name): [str(text) for text in texts][:MOST] for name, texts in found.items()}
    except (KeyError, TypeError, AttributeError):
        return {}
