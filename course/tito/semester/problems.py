"""What is wrong with a semester file or roster, so that it can be fixed: file, line, key, value, rule, remedy."""

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from tito.errors import TitoError


@dataclass(frozen=True)
class Problem:
    """One mistake and its place; `line` counts from 1."""

    file: str
    line: int
    key: str
    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        value = f" {self.value}" if self.value else ""
        return f"{self.file}:{self.line}: {self.key}:{value} {self.rule}; {self.remedy}"

    def as_dict(self) -> dict[str, str | int]:
        """Return what `--json` and the service's 422 answer carry."""
        return asdict(self)


class SemesterError(TitoError):
    """Every mistake found in one reading, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.file, problem.line))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Rule(ValueError):
    """A broken rule with its remedy, raised inside a validator, where file and line are not known yet."""

    def __init__(self, rule: str, remedy: str) -> None:
        self.rule, self.remedy = rule, remedy
        super().__init__(f"{rule}; {remedy}")


def choose(value: str, known: list[str]) -> str:
    """Write the remedy for an unknown name: the closest known one, and all that exist."""
    close = difflib.get_close_matches(value, known, n=1)
    shown = ", ".join(known[:25]) + (", ..." if len(known) > 25 else "")
    return (f"did you mean {close[0]}? " if close else "") + f"choose one of: {shown or 'none'}"
