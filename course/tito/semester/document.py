"""Read a YAML file and remember the line of each key.

`Document.data` is plain dictionaries, lists, strings and numbers (dates stay text); `Document.line(path)` finds the
line of the deepest part of `path` that is in the file.
"""

from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from tito.semester.problems import Problem, SemesterError


class _TextDates(RoundTripConstructor):
    """Leaves a YAML timestamp as the text that was written, since only the course's time zone gives it a meaning."""


_TextDates.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str)


@dataclass(frozen=True)
class Document:
    """One YAML file: its name for messages, its plain content, and the tree that knows the lines."""

    name: str
    data: dict[str, Any]
    _tree: CommentedMap

    @classmethod
    def parse(cls, text: str, name: str) -> "Document":
        """Read `text`; raise SemesterError with the line if it is not a YAML mapping."""
        yaml = YAML(typ="rt", pure=True)
        yaml.Constructor = _TextDates
        try:
            tree = yaml.load(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise SemesterError([_not_yaml(name, line, (error.problem or str(error)).splitlines()[0])]) from None
        except ReaderError as error:  # a machine that lost power leaves a file of the right length, full of NULs
            line = text.count("\n", 0, error.position) + 1
            raise SemesterError([_not_yaml(name, line, str(error).splitlines()[0])]) from None
        except RecursionError:
            raise SemesterError([_not_yaml(name, 1, "its lists are nested too deeply")]) from None
        if not isinstance(tree, CommentedMap):
            raise SemesterError([_not_yaml(name, 1, "the file contains no keys")])
        return cls(name, _plain(tree), tree)

    def line(self, path: tuple[Any, ...]) -> int:
        """Return the line of `path`, or of the nearest enclosing key that is written."""
        node, line = self._tree, 1
        for step in path:
            try:
                position = node.lc.key(step) if isinstance(node, CommentedMap) else node.lc.item(step)
                node = node[step]
            except (KeyError, IndexError, TypeError, AttributeError):
                break
            line = position[0] + 1
        return line

    def written(self, path: tuple[str | int, ...]) -> tuple[int, int, str]:
        """Return where the value at `path` begins, its line and column from 0, and the value as text."""
        node: Any = self._tree
        for step in path[:-1]:
            node = node[step]
        line, column = (node.lc.value if isinstance(node, CommentedMap) else node.lc.item)(path[-1])
        return line, column, str(node[path[-1]])

    def problem(self, path: tuple[Any, ...], value: object, rule: str, remedy: str) -> Problem:
        """Return a Problem at `path` of this file."""
        key = ".".join(str(step) for step in path) or "file"
        return Problem(self.name, self.line(path), key, "" if value is None else repr(value), rule, remedy)


def _not_yaml(name: str, line: int, what: str) -> Problem:
    remedy = "check the indentation, colons and quotes of this line, and that no key appears twice"
    return Problem(name, line, "file", "", f"is not readable as YAML ({what})", remedy)


def _plain(node: Any) -> Any:
    """Return `node` without ruamel's own types, which strict validation refuses."""
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    for kind in (str, float):
        if isinstance(node, kind):
            return kind(node)
    return int(node) if isinstance(node, int) and not isinstance(node, bool) else node
