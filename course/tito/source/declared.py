"""The checks that a test cell declares, read without running it."""

import ast


def declared_checks(source: str) -> list[tuple[str, float, bool]]:
    """List title, points and `hidden` of the checks that a test cell declares with literals."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for call in getattr(node, "decorator_list", []):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "check" and call.args:
                options = {k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)}
                title = call.args[0]
                if isinstance(title, ast.Constant) and isinstance(title.value, str):
                    hidden = bool(options.get("hidden", False))
                    found.append((title.value, float(str(options.get("points", 0))), hidden))
    return found
