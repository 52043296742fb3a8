"""Find the source text of what a comparison was given, so that the table can say what was called."""

import ast
import linecache
import textwrap
from types import FrameType

from tinytorch.testing.show import is_plain, shorten, show

MOST_VARIABLES = 4  # shown next to the call; more would hide it


def argument_text(frame: FrameType, index: int = 0) -> str:
    """Return the source text of positional argument `index` of the call that `frame` is executing, or ''."""
    call = _call_node(frame)
    if call is None or len(call[0].args) <= index:
        return ""
    node, text = call
    argument = node.args[index]
    made = _made_by(frame, argument.id) if isinstance(argument, ast.Name) else ""
    return made or _segment(text, argument.body if isinstance(argument, ast.Lambda) else argument)


def call_text(frame: FrameType) -> str:
    """Return `function(a, b)` for a frame that executes `word(Kind, function, a, b)`; a lambda's body for a lambda."""
    call = _call_node(frame)
    if call is None or len(call[0].args) < 2:
        return ""
    node, text = call
    function, *rest = node.args[1:]
    if isinstance(function, ast.Lambda):
        return _segment(text, function.body)
    parts = [_segment(text, argument) for argument in rest]
    parts += [f"{k.arg}={_segment(text, k.value)}" for k in node.keywords if k.arg and k.arg != "says"]
    return f"{_segment(text, function)}({', '.join(parts)})"


def variables(frame: FrameType, expression: str) -> str:
    """Return `x = ..., y = ...` for the local variables with plain values that occur in `expression`."""
    try:
        tree = ast.parse(expression.partition(", from ")[2] or expression, mode="eval")
    except SyntaxError:
        return ""
    names = dict.fromkeys(n.id for n in ast.walk(tree) if isinstance(n, ast.Name))
    here = [n for n in names if n in frame.f_locals and frame.f_locals is not frame.f_globals]
    plain = [n for n in here if is_plain(frame.f_locals[n])]
    return ", ".join(f"{n} = {shorten(show(frame.f_locals[n]), 120)}" for n in plain[:MOST_VARIABLES])


def _call_node(frame: FrameType) -> tuple[ast.Call, str] | None:
    """Parse the call that `frame` is executing; None where the source is not at hand."""
    positions = list(frame.f_code.co_positions())
    first, last, start, end = positions[frame.f_lasti // 2]
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    if None in (first, last, start, end) or not lines or last > len(lines):
        return None
    chosen = [line.encode() for line in lines[first - 1 : last]]  # co_positions counts bytes
    chosen[-1] = chosen[-1][:end]
    chosen[0] = chosen[0][start:]
    text = b"".join(chosen).decode(errors="replace")
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:
        return None
    return (node, text) if isinstance(node, ast.Call) else None


def _made_by(frame: FrameType, name: str) -> str:
    """Return `velocity, from step(...)` for a variable that got its value by `p, velocity = step(...)`, else ''."""
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)
    before = textwrap.dedent("".join(lines[frame.f_code.co_firstlineno - 1 : frame.f_lineno - 1]))
    try:
        tree = ast.parse(before)
    except SyntaxError:  # the comparison is the first line of a block
        return ""
    given = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and name in _names(node.targets)]
    last = max(given, key=lambda node: node.lineno, default=None)
    if last is None or not isinstance(last.value, ast.Call):
        return ""
    return f"{name}, from {_segment(before, last.value)}"


def _names(targets: list[ast.expr]) -> list[str]:
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def _segment(text: str, node: ast.AST) -> str:
    return " ".join((ast.get_source_segment(text, node) or "").split())
