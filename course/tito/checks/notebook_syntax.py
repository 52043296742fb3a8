"""Read a cell as the notebook would: a line that is a notebook command, not Python, costs that line, not the exercise.

A line counts as a notebook command only if Python's parser stops at it, so that a line of Python that happens to
begin with `%` or end in `?` stays. Lines keep their numbers. We considered IPython's own transformer: it needs seconds
for a hostile cell, turns commands into calls of a shell that a worker doesn't have, and is slow to import.
"""

import ast
import re

from tito.checks.parsing import compiles, why_too_much

MOST_COMMANDS = 50  # the cell is parsed again for each
_SHOWN = 40  # characters of a line in a note

_CELL_PROMPTS = re.compile(r"^(?:>>>|\.\.\.)(?: |$)|^(?:In \[\d+\]: ?|\s*\.{3,}: ?)", re.MULTILINE)
_FIRST_PROMPT = re.compile(r"\A\s*(?:>>>(?: |$)|In \[\d+\]:)", re.MULTILINE)
_TIMED = re.compile(r"(?P<indent>\s*)(?P<target>[\w.\[\], ]+=\s*)?%time\s+(?P<statement>[^\s-].*)")
_ASSIGNED = re.compile(r"(?P<indent>\s*)(?P<target>[A-Za-z_][\w.\[\], ]*?)\s*=\s*(?P<sign>[!%]).*")
_COMMAND = re.compile(r"(?P<indent>\s*)(?:[%!?]|[\w.*]+\?{1,2};?\s*$|(?:pip|conda|cd|ls|cat|cp|mv|rm|mkdir)\s)")


def as_python(source: str) -> tuple[str, list[str]]:
    """Return the cell as Python, and in words what was changed; unchanged if no known change helps."""
    if compiles(source) or why_too_much(source):
        return source, []
    cleaned, changes = _without_surroundings(source)
    spaced = cleaned.replace("\u00a0", " ")
    for text, said in (
        (cleaned, []),
        (spaced, ["non-breaking spaces, as copied from a web page, were read as spaces"]),
    ):
        mended, commands = _without_commands(text)
        if compiles(mended):
            return mended, [*changes, *said, *commands]
    return source, []


def _without_surroundings(source: str) -> tuple[str, list[str]]:
    """Remove pasted prompts and an indentation of the whole cell: the notebook ignores both."""
    changes = []
    if _FIRST_PROMPT.search(source):
        source = _CELL_PROMPTS.sub("", source)
        changes.append("the prompts (>>>, In [1]:) before the lines were left out, as in the notebook")
    lines = source.splitlines()
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    if indent and all(line.startswith(indent) for line in lines if line.strip()):
        source = "\n".join(line.removeprefix(indent) for line in lines)
        changes.append("the whole cell is indented: it was read without the indentation, as in the notebook")
    return source, changes


def _without_commands(source: str) -> tuple[str, list[str]]:
    lines, said = source.splitlines(), []
    for _ in range(MOST_COMMANDS):
        number = _first_error("\n".join(lines))
        if not 0 < number <= len(lines):
            break
        text = lines[number - 1]
        instead = _instead(text)
        if instead is None:
            break
        said.append(_say(number, text, instead))
        _replace(lines, number - 1, instead)
    if not said:
        return source, []
    return "\n".join(lines), [f"notebook commands were left out: {', '.join(said)}"]


def _first_error(source: str) -> int:
    """Return the line at which the parser stops; 0 if it reaches the end or can't tell."""
    try:
        ast.parse(source)
    except SyntaxError as error:
        return error.lineno or 0
    except (ValueError, RecursionError, MemoryError):
        return 0
    return 0


def _instead(line: str) -> str | None:
    """Return the replacement for a notebook command, None if the line is not one."""
    if timed := _TIMED.fullmatch(line):
        return f"{timed['indent']}{timed['target'] or ''}{timed['statement']}"
    if assigned := _ASSIGNED.fullmatch(line):
        # There is no shell here that would return lines of output, but the name is still defined.
        return f"{assigned['indent']}{assigned['target']} = {'[]' if assigned['sign'] == '!' else 'None'}"
    if line.startswith("%%"):
        return ""
    command = _COMMAND.match(line)
    return f"{command['indent']}pass" if command else None


def _replace(lines: list[str], index: int, instead: str) -> None:
    """Replace a line; a command continues if its line ends in a backslash, a statement that stays needs no help."""
    goes_on = lines[index].endswith("\\") and not instead.endswith("\\")
    lines[index] = instead
    while goes_on and index + 1 < len(lines):
        index += 1
        goes_on = lines[index].endswith("\\")
        lines[index] = ""


def _say(number: int, line: str, instead: str) -> str:
    shown = line.strip()[:_SHOWN]
    stays = " (the statement after it was read)" if _TIMED.fullmatch(line) else ""
    given = f" (read as '{instead.strip()}')" if not stays and instead.strip() not in ("", "pass") else ""
    return f"line {number} '{shown}'{stays or given}"
