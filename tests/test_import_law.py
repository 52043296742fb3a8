"""The table of rooms in ARCHITECTURE.md as a test: which room may import which, and no cycles.

A room is a package, or a part of one. `LAW` lists what a room may import from this project besides itself; `OUTSIDE`
lists which third-party packages it may need, where that is limited.
"""

import ast
import functools
import importlib.metadata
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from tito.staff.package import CONTENTS, contents

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"tinytorch": ROOT / "tinytorch", "tito": ROOT / "course" / "tito", "exchange": ROOT / "exchange"}
PACKAGES |= {"hub_config": ROOT / "hub_config"}

# room: what it may import from the project (prefixes); a room's own modules are always allowed.
LAW = {
    "tinytorch.viz": ("tinytorch.reports",),
    "tinytorch.datasets": (),
    "tinytorch.random": (),
    "tinytorch": ("tinytorch",),
    "tito.curriculum": (),
    "tito.source": ("tito.curriculum",),
    "tito.worker": ("tinytorch.testing",),
    "tito.checks": ("tinytorch.testing", "exchange.protocol", "tito.curriculum", "tito.source", "tito.worker"),
    "tito.history": (),
    "tito.stuck": ("tito.curriculum", "tito.source", "tito.history"),
    "tito.student": (
        "tinytorch.testing",
        "exchange.protocol",
        "exchange.client",
        "tito.curriculum",
        "tito.source",
        "tito.checks",
        "tito.worker",
        "tito.history",
        "tito.stuck",
    ),
    "tito.judge": (
        "tinytorch.datasets",
        "tinytorch.testing",
        "exchange.protocol",
        "tito.curriculum",
        "tito.source",
        "tito.checks",
        "tito.worker",
    ),
    # Judges on other machines have no gradebook, database or service.
    "tito.machines": ("exchange.protocol", "tito.curriculum", "tito.checks", "tito.judge"),
    "tito.rendering": (),
    "tito.gradebook": (
        "exchange.protocol",
        "exchange.client",
        "tito.curriculum",
        "tito.source",
        "tito.checks",
        "tito.judge",
        "tito.rendering",
    ),
    "tito.insight": ("exchange.protocol", "exchange.client", "exchange.hub"),
    "tito.grading": (
        "exchange.protocol",
        "exchange.client",
        "exchange.hub",
        "tito.curriculum",
        "tito.checks",
        "tito.judge",
        "tito.machines",
        "tito.gradebook",
        "tito.insight",
    ),
    "tito.formgrader": ("exchange.hub", "tito.rendering", "tito.gradebook", "tito.grading"),
    "tito.semester": (
        "exchange.protocol",
        "exchange.client",
        "exchange.hub",
        "tito.curriculum",
        "tito.source",
        "tito.gradebook",
        "tito.insight",
    ),
    "tito.campus": ("exchange.protocol", "exchange.client", "exchange.hub"),
    "tito.staff": (
        "exchange.protocol",
        "tito.curriculum",
        "tito.source",
        "tito.checks",
        "tito.worker",
        "tito.judge",
        "tito.semester",
    ),
    "tito": (),
    "exchange.protocol": (),
    "exchange.client": ("exchange.protocol",),
    "exchange.hub": ("exchange.protocol", "exchange.client"),
    "exchange.service": ("exchange.protocol", "exchange.hub"),
    "exchange.nbgrader_plugin": ("exchange.protocol", "exchange.client"),
    "exchange": ("exchange",),
    # nbgrader and Jupyter read these files inside a student's server; the Hub imports none of them.
    "hub_config.server": (
        "exchange.nbgrader_plugin",
        "tito.history",
        "tito.stuck",
        "tito.errors",
        "tito.late_imports",
        "tito.workspace",
    ),
    "hub_config.home": ("hub_config", "exchange.hub", "exchange.protocol"),
    # People's names, where they log in and where their server runs.
    "hub_config.sign_in": ("hub_config", "exchange.protocol.names"),
    "hub_config.spawners": ("hub_config", "exchange.protocol.names"),
    "hub_config": (),
}
# What every part of `tito` may import: its top level, which comes before its folders.
TITO_TOP = {path.stem for path in PACKAGES["tito"].glob("*.py")}

# The environments, besides the staff's, whose wheels hold a top folder; the staff's wheel holds all of them.
AUDIENCE = {
    "tito/curriculum": {"student"},
    "tito/source": {"student"},
    "tito/checks": {"student"},
    "tito/history": {"student"},
    "tito/stuck": {"student"},
    "tito/student": {"student"},
    "tito/worker": {"student", "worker"},
    "exchange/protocol": {"student"},
    "exchange/client": {"student"},
    "exchange/nbgrader_plugin": {"student"},
}

OUTSIDE = {
    "tinytorch.viz": {"numpy", "matplotlib", "ipywidgets", "IPython"},
    "tinytorch": {"numpy"},
    "tito.worker": {"numpy", "msgpack"},
}


def modules() -> dict[str, Path]:
    """Name every module of the project's packages, except core's generated files, which students' work fills."""
    found = {}
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = [package, *path.relative_to(folder).with_suffix("").parts]
            if parts[:2] == ["tinytorch", "core"] and parts[2:] != ["__init__"]:
                continue
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@functools.cache
def imports(name: str, path: Path) -> list[tuple[str, int, bool]]:
    """List a module's imports: full name, line, and whether the import runs when the module itself is imported."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = []
    for node, at_once in statements(ast.parse(path.read_text(encoding="utf-8")), True):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno, at_once) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parent, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                found.append((full if full in MODULES else base, node.lineno, at_once))
    return found


def statements(node: ast.AST, at_once: bool) -> Iterator[tuple[ast.AST, bool]]:
    """List the statements below `node`, each with whether it runs when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):  # an expression holds no import
            now = at_once and not _is_later(child)
            yield child, now
            yield from statements(child, now)


def _is_later(node: ast.AST) -> bool:
    """Tell whether code runs later than the import: a function's body, or what only a type checker reads."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return True
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def room_of(name: str) -> str:
    return next(room for room in LAW if name == room or name.startswith(f"{room}."))


def is_within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def is_allowed(importer: str, imported: str) -> bool:
    room = room_of(importer)
    if room == "tito":
        return imported == "tito" or (imported.startswith("tito.") and imported.split(".")[1] in TITO_TOP)
    if is_within(imported, "tito") and (imported == "tito" or imported.split(".")[1] in TITO_TOP):
        return is_within(importer, "tito") or imported in LAW[room]
    return is_within(imported, room) or any(is_within(imported, prefix) for prefix in LAW[room])


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("hub_config.server.notebook_history", "tito.workspace", True),
        ("hub_config.server.notebook_history", "tito.history.keeping", True),
        ("hub_config.server.notebook_history", "tito.atomic", False),
        ("hub_config.server.notebook_history", "tito.student.start", False),
        ("hub_config.apply", "tito.workspace", False),
        ("exchange.service.app", "tito.errors", False),
        ("tito.history.keeping", "tito.errors", True),
        ("tito.history.keeping", "tito.source.notebook", False),
        ("hub_config.sign_in.named", "exchange.protocol.names", True),
        ("hub_config.sign_in.named", "exchange.protocol.models", False),
    ],
)
def test_the_law_tells_rooms_apart(importer: str, imported: str, allowed: bool):
    assert is_allowed(importer, imported) == allowed


@pytest.mark.parametrize("name", MODULES)
def test_a_room_imports_what_the_table_allows(name: str):
    for imported, line, _ in imports(name, MODULES[name]):
        if imported.split(".")[0] in PACKAGES:
            assert is_allowed(name, imported), f"{MODULES[name]}:{line}: {room_of(name)} must not import {imported}"
        assert imported.split(".")[0] != "tests", f"{MODULES[name]}:{line}: nothing imports tests"


@pytest.mark.parametrize("name", [name for name in MODULES if any(is_within(name, room) for room in OUTSIDE)])
def test_the_framework_and_the_worker_need_little_of_others(name: str):
    allowed = next(names for room, names in OUTSIDE.items() if is_within(name, room))
    for imported, line, _ in imports(name, MODULES[name]):
        top = imported.split(".")[0]
        if top not in sys.stdlib_module_names and top not in PACKAGES:
            assert top in allowed, f"{MODULES[name]}:{line}: {imported} is not among {sorted(allowed)}"


@pytest.mark.parametrize("folder", [name for name, path in MODULES.items() if path.name == "__init__.py"])
def test_what_lies_in_a_folder_never_leads_back_to_itself(folder: str):
    """The files and folders of one folder import each other in one direction only, inside functions too."""
    graph: dict[str, set[str]] = {}
    for name, path in MODULES.items():
        if is_within(name, folder):
            found = {_part(imported, folder) for imported, _, _ in imports(name, path) if is_within(imported, folder)}
            graph.setdefault(_part(name, folder), set()).update(found - {_part(name, folder)})
    assert _circle(graph) == []


def test_packages_never_lead_back_to_themselves():
    graph: dict[str, set[str]] = {package: set() for package in PACKAGES}
    for name, path in MODULES.items():
        tops = {imported.split(".")[0] for imported, _, _ in imports(name, path)}
        graph[name.split(".")[0]] |= (tops & set(PACKAGES)) - {name.split(".")[0]}
    assert _circle(graph) == []


def test_what_the_product_imports_is_in_its_locks():
    """A package that only the tests install would be missing in a class."""
    owners = importlib.metadata.packages_distributions()
    on_a_cluster = {"hub_config.spawners.kubernetes"}
    for modules, locks in (MODULES.keys() - on_a_cluster, ("hub", "worker")), (on_a_cluster, ("kubernetes",)):
        locked, foreign = set().union(*map(_locked, locks)), _foreign(modules)
        assert foreign
        missing = {top for top in foreign if not locked & {_as_locked(owner) for owner in owners.get(top, [top])}}
        assert missing == set()


def _locked(lock: str) -> set[str]:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))


def _foreign(modules: Iterable[str]) -> set[str]:
    """Name the third-party packages that modules import."""
    tops = {imported.split(".")[0] for name in modules for imported, _, _ in imports(name, MODULES[name])}
    own = {*PACKAGES, *(path.stem for path in MODULES.values())}  # files next to Jupyter's settings import each other
    return tops - sys.stdlib_module_names - own - {""}


def _as_locked(distribution: str) -> str:
    return re.sub(r"[._]+", "-", distribution).lower()


def test_a_circle_is_found():
    assert _circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert _circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def _part(name: str, folder: str) -> str:
    """Return the file or folder in `folder` that holds a module; the folder's own name means its `__init__`."""
    return ".".join(name.split(".")[: len(folder.split(".")) + 1])


def _circle(graph: dict[str, set[str]]) -> list[str]:
    """Return one cycle of the graph, from a name back to itself, or an empty list if there is none."""
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        done.add(name)
        return next(filter(None, (visit(other, [*trail, name]) for other in sorted(graph.get(name, ())))), [])

    return next(filter(None, (visit(name, []) for name in sorted(graph))), [])


def test_the_table_of_the_architecture_names_these_rooms():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for room in ("`tinytorch/`", "`course/tito/`", "`exchange/`", "`hub_config/`", "`tests/`"):
        assert f"| {room} |" in text


def test_the_hub_imports_no_file_of_its_servers():
    for name, path in MODULES.items():
        if not is_within(name, "hub_config.server"):
            for imported, line, _ in imports(name, path):
                assert not is_within(imported, "hub_config.server"), f"{path}:{line}: {imported}"


@functools.cache
def shipped(kind: str) -> dict[str, Path]:
    return contents(kind, ROOT)


@functools.cache
def top_folders() -> dict[str, set[str]]:
    """Name the top folders of the packages with their files, as a wheel would name them."""
    found: dict[str, set[str]] = {}
    for package in ("tito", "exchange", "hub_config"):
        for path in PACKAGES[package].glob("*/**/*"):
            inside = path.relative_to(PACKAGES[package])
            if path.is_file() and "__pycache__" not in inside.parts:
                found.setdefault(f"{package}/{inside.parts[0]}", set()).add(f"{package}/{inside.as_posix()}")
    return found


@pytest.mark.parametrize("folder", top_folders())
def test_a_top_folder_has_one_audience(folder: str):
    """A wheel holds all of a folder or none of it; a new folder is for staff only until it is listed here."""
    files = top_folders()[folder]
    for kind in CONTENTS:
        inside = files & shipped(kind).keys()
        assert inside == (files if kind in AUDIENCE.get(folder, set()) else set())


def test_each_audience_is_a_folder_s():
    assert set(AUDIENCE) <= set(top_folders())


@pytest.mark.parametrize("kind", CONTENTS)
def test_what_a_wheel_holds_imports_nothing_that_it_has_not(kind: str):
    there = set(shipped(kind).values())
    for name, path in MODULES.items():
        if path in there and name.split(".")[0] != "tinytorch":  # these modules check what is installed
            for imported, line, _ in imports(name, path):
                if imported.split(".")[0] in PACKAGES and imported in MODULES:
                    assert MODULES[imported] in there, f"{path}:{line}: a {kind} has no {imported}"
