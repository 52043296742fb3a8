"""What a mutation does to one node of a solution: yields (kind, replacement node).

The kinds are mistakes that students make with arrays. We considered general libraries: mutmut and Cosmic Ray change
operators, comparisons and constants as this does, but have no mutations of axes, dtypes, transposes, reductions, clips
or arguments; both rewrite files on disk and use a test command's exit code, while we need a judge's verdict in points.
"""

import ast
import copy
from collections.abc import Iterator

Replacement = tuple[str, ast.AST]

OPERATORS: dict[type, list[type]] = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div, ast.Add],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult, ast.Div],
    ast.Mod: [ast.FloorDiv],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
}
COMPARISONS: dict[type, list[type]] = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
REDUCTIONS = {
    "sum": ["mean", "max"],
    "mean": ["sum"],
    "max": ["min", "sum"],
    "amax": ["amin"],
    "min": ["max"],
    "prod": ["sum"],
    "reduce_sum": ["amax"],
    "any": ["all"],
    "all": ["any"],
    "argmax": ["argmin"],
    "cumsum": ["cumprod"],
}
CLIPS = ("clip", "clamp", "maximum", "minimum")
# Functions of one argument that a student may forget, leaving the bare argument.
FORGOTTEN = ("exp", "log", "log1p", "sqrt", "abs", "absolute", "cos", "sin", "tanh", "erf", "sorted", "unwrap", "copy")
AXES = ("axis", "dim", "axes", "dims")
TRANSPOSES = ("swapaxes", "transpose", "permute")
LENGTHS = ("len", "range")


def replacements(node: ast.AST) -> Iterator[Replacement]:
    """Yield the nodes that may replace `node`."""
    for kind in _BY_NODE.get(type(node), ()):
        yield from kind(node)


def _operator(node: ast.BinOp) -> Iterator[Replacement]:
    for other in OPERATORS.get(type(node.op), ()):
        yield "operator", ast.BinOp(node.left, other(), node.right)
    if isinstance(node.op, ast.Sub | ast.Div | ast.FloorDiv | ast.Pow | ast.MatMult):
        yield "swapped operands", ast.BinOp(node.right, node.op, node.left)
    if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
        yield "dropped term", node.left
    if isinstance(node.op, ast.Add | ast.Mult):
        yield "dropped term", node.right


def _augmented(node: ast.AugAssign) -> Iterator[Replacement]:
    for other in OPERATORS.get(type(node.op), ()):
        yield "operator", ast.AugAssign(node.target, other(), node.value)
    load = copy.deepcopy(node.target)
    yield "overwrites instead of adding", ast.Assign([load], node.value, lineno=node.lineno)


def _comparison(node: ast.Compare) -> Iterator[Replacement]:
    for index, op in enumerate(node.ops):
        for other in COMPARISONS[type(op)]:
            ops = [*node.ops[:index], other(), *node.ops[index + 1 :]]
            yield "comparison", ast.Compare(node.left, ops, node.comparators)


def _boolean(node: ast.BoolOp) -> Iterator[Replacement]:
    yield "condition", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    for index in range(len(node.values)):
        rest = node.values[:index] + node.values[index + 1 :]
        yield "condition", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def _unary(node: ast.UnaryOp) -> Iterator[Replacement]:
    if isinstance(node.op, ast.USub):
        yield "sign", node.operand
    elif isinstance(node.op, ast.Not):
        yield "condition", node.operand


def _branch(node: ast.If | ast.IfExp) -> Iterator[Replacement]:
    for value in (True, False):
        changed = copy.copy(node)
        changed.test = ast.Constant(value)
        yield "condition", changed


def _filter(node: ast.comprehension) -> Iterator[Replacement]:
    if node.ifs:
        yield "condition", ast.comprehension(node.target, node.iter, [], node.is_async)


def _constant(node: ast.Constant) -> Iterator[Replacement]:
    value = node.value
    if isinstance(value, bool):
        yield "constant", ast.Constant(not value)
    elif isinstance(value, int):
        yield "constant", ast.Constant(value + 1)
        yield "constant", ast.Constant(value - 1)
    elif isinstance(value, float):
        yield "constant", ast.Constant(value * 1.1 + 0.01)
    elif value in ("float32", "float64", "int32"):
        yield "dtype", ast.Constant("int32" if value == "float64" else "float64")


def _call(node: ast.Call) -> Iterator[Replacement]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    yield from _other_name(node, name)
    if name in CLIPS and node.args:
        yield "dropped clip", node.args[0]
    if name in FORGOTTEN and len(node.args) == 1:
        yield "forgotten function", node.args[0]
    if name in TRANSPOSES and isinstance(node.func, ast.Attribute) and node.args:
        yield "missing transpose", node.func.value
    if name == "astype" and isinstance(node.func, ast.Attribute):
        yield "dtype", node.func.value
    if name == "copy" and isinstance(node.func, ast.Attribute) and not node.args:
        yield "shared memory", node.func.value
    if name in LENGTHS and node.args:
        *first, last = node.args
        yield (
            "off by one",
            ast.Call(node.func, [*first, _plus(last, -1)], node.keywords) if name == "range" else _plus(node, -1),
        )
    yield from _keywords(node)


def _other_name(node: ast.Call, name: str) -> Iterator[Replacement]:
    others = REDUCTIONS.get(name, []) + {"maximum": ["minimum"], "minimum": ["maximum"]}.get(name, [])
    for other in others:
        func = copy.copy(node.func)
        if isinstance(func, ast.Attribute):
            func.attr = other
        elif isinstance(func, ast.Name):
            func.id = other
        yield "wrong reduction", ast.Call(func, node.args, node.keywords)


def _keywords(node: ast.Call) -> Iterator[Replacement]:
    for index, keyword in enumerate(node.keywords):
        if keyword.arg is None:
            continue
        rest = node.keywords[:index] + node.keywords[index + 1 :]
        kind = "axis" if keyword.arg in AXES else "dtype" if keyword.arg == "dtype" else "dropped option"
        yield kind, ast.Call(node.func, node.args, rest)
        if keyword.arg in AXES and not isinstance(keyword.value, ast.Constant):
            other = ast.keyword(keyword.arg, ast.Constant(-1))
            yield "axis", ast.Call(node.func, node.args, [*node.keywords[:index], other, *node.keywords[index + 1 :]])


def _attribute(node: ast.Attribute) -> Iterator[Replacement]:
    if node.attr == "T":
        yield "missing transpose", node.value


def _slice(node: ast.Slice) -> Iterator[Replacement]:
    if node.lower is not None:
        yield "off by one", ast.Slice(_plus(node.lower, 1), node.upper, node.step)
    if node.upper is not None:
        yield "off by one", ast.Slice(node.lower, _plus(node.upper, -1), node.step)
    if node.step is not None:
        yield "order", ast.Slice(node.lower, node.upper, None)


def _statement(node: ast.stmt) -> Iterator[Replacement]:
    if not isinstance(node, ast.Return | ast.Pass):
        yield "deleted statement", ast.Pass()


def _plus(node: ast.expr, number: int) -> ast.expr:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return ast.Constant(node.value + number)
    return ast.BinOp(node, ast.Add() if number > 0 else ast.Sub(), ast.Constant(abs(number)))


_BY_NODE: dict[type, tuple] = {
    ast.BinOp: (_operator,),
    ast.AugAssign: (_augmented, _statement),
    ast.Compare: (_comparison,),
    ast.BoolOp: (_boolean,),
    ast.UnaryOp: (_unary,),
    ast.If: (_branch, _statement),
    ast.IfExp: (_branch,),
    ast.comprehension: (_filter,),
    ast.Constant: (_constant,),
    ast.Call: (_call,),
    ast.Attribute: (_attribute,),
    ast.Slice: (_slice,),
    ast.Assign: (_statement,),
    ast.AnnAssign: (_statement,),
    ast.Expr: (_statement,),
    ast.For: (_statement,),
    ast.While: (_statement,),
    ast.Raise: (_statement,),
    ast.Continue: (_statement,),
    ast.Break: (_statement,),
    ast.With: (_statement,),
}
