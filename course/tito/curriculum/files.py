"""Read `tiers.yaml` and every `module.yaml` in a course tree, and check them against each other.

Errors name file, line, key and remedy; all errors are shown together.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from tito.errors import Finding, FindingsError
from tito.strict_yaml import StrictLoader, load_strictly

from .model import Curriculum, Exercise, Mistake, Module, Tier, WrittenAnswer

FOLDER = re.compile(r"^(?P<number>\d\d)_(?P<slug>[a-z][a-z0-9_]*)$")
# key: its types in YAML, and their name in a message
REQUIRED: dict[str, tuple[tuple[type, ...], str]] = {
    "title": ((str,), "text"),
    "tier": ((str,), "text"),
    "hours": ((int, float), "number"),
    "prerequisites": ((list,), "list"),
    "summary": ((str,), "text"),
}
WRITTEN_ONLY: dict[str, tuple[tuple[type, ...], str]] = {
    "exports": ((list,), "list"),
    "exercises": ((list,), "list"),
    "written": ((list,), "list"),
}
OPTIONAL: dict[str, tuple[tuple[type, ...], str]] = {"files": ((list,), "list")}
EXERCISE_KEYS = {"name", "points", "uses", "mistakes"}
MISTAKE_KEYS = {"warns", "replace", "by"}
HAND_POINTS, TEST_POINTS = 10, 90


def read_course(course_dir: Path) -> Curriculum:
    """Read a whole course tree, or raise one error with all its faults."""
    findings: list[Finding] = []
    tiers = _read_tiers(course_dir / "semesters" / "tiers.yaml", findings)
    modules = []
    for folder in sorted((course_dir / "modules").iterdir()):
        if folder.is_dir() and not folder.name.startswith((".", "_")):
            module = _read_module(folder, tiers, findings)
            if module:
                modules.append(module)
    if not findings:
        findings = check_order(modules)
    if findings:
        raise FindingsError(findings)
    return Curriculum(tiers, tuple(modules))


class YamlFile:
    """A YAML mapping that knows the line of each key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self.data = load_strictly(self.text)

    def line(self, *keys: str | int) -> int:
        """Find the line of a key path; the file is parsed for this only when a message needs the line."""
        node, line = yaml.compose(self.text, Loader=StrictLoader), 1
        for key in keys:
            if isinstance(node, yaml.SequenceNode) and isinstance(key, int):
                node = node.value[key]
                line = node.start_mark.line + 1
            elif isinstance(node, yaml.MappingNode):
                pairs = [pair for pair in node.value if pair[0].value == key]
                if not pairs:
                    break
                line, node = pairs[0][0].start_mark.line + 1, pairs[0][1]
        return line

    def finding(self, message: str, *keys: str | int) -> Finding:
        return Finding(self.path, self.line(*keys), message)


def open_yaml(path: Path, findings: list[Finding]) -> YamlFile | None:
    """Read a YAML file, or add a finding that says why it can't be read."""
    try:
        return YamlFile(path)
    except FileNotFoundError:
        findings.append(Finding(path, 1, "is missing: docs/writing-a-module.md shows its contents"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        findings.append(Finding(path, mark.line + 1 if mark else 1, f"is not valid YAML: {problem}"))
    return None


def _read_tiers(path: Path, findings: list[Finding]) -> tuple[Tier, ...]:
    file = open_yaml(path, findings)
    if file is None:
        return ()
    rows = file.data.get("tiers") if isinstance(file.data, dict) else None
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and "name" in row and "title" in row for row in rows
    ):
        findings.append(file.finding("'tiers' must be a list of {name, title}", "tiers"))
        return ()
    return tuple(Tier(row["name"], row["title"], row.get("summary", "")) for row in rows)


def _read_module(folder: Path, tiers: tuple[Tier, ...], findings: list[Finding]) -> Module | None:
    match = FOLDER.match(folder.name)
    if not match:
        findings.append(Finding(folder, 1, "a module's folder must be named NN_slug, such as 01_tensor: rename it"))
        return None
    file = open_yaml(folder / "module.yaml", findings)
    if file is None:
        return None
    is_written = (folder / f"{match['slug']}_dev.py").is_file()
    found = [*_check_keys(file, is_written)]
    if not found:
        found = [*_check_values(file, tiers, is_written)]
    findings.extend(found)
    return None if found else _build(match, folder, file.data, is_written)


def _check_keys(file: YamlFile, is_written: bool):
    if not isinstance(file.data, dict):
        yield file.finding(f"must be a mapping with the keys {', '.join(REQUIRED)}")
        return
    expected = REQUIRED | (WRITTEN_ONLY if is_written else {})
    expected |= {key: kind for key, kind in OPTIONAL.items() if key in file.data}
    for key in file.data:
        if key not in REQUIRED | WRITTEN_ONLY | OPTIONAL:
            yield file.finding(f"unknown key '{key}'. Known: {', '.join(REQUIRED | WRITTEN_ONLY | OPTIONAL)}", key)
    for key, (kinds, name) in expected.items():
        if key not in file.data:
            yield file.finding(f"the key '{key}' is missing: add it")
        elif not isinstance(file.data[key], kinds) or isinstance(file.data[key], bool):
            yield file.finding(f"'{key}' must be a {name}, not {file.data[key]!r}", key)


def _check_values(file: YamlFile, tiers: tuple[Tier, ...], is_written: bool):
    data = file.data
    names = [tier.name for tier in tiers]
    if names and data["tier"] not in names:
        yield file.finding(f"tier '{data['tier']}' is not in tiers.yaml. Available: {', '.join(names)}", "tier")
    if not data["hours"] > 0:
        yield file.finding(f"'hours' must be above 0, not {data['hours']}", "hours")
    for key in ("prerequisites", "exports", "files"):
        for index, name in enumerate(data.get(key, [])):
            if not isinstance(name, str):
                yield file.finding(f"'{key}' must be a list of names, but item {index + 1} is {name!r}", key, index)
    if is_written:  # before that these keys are a plan
        yield from _check_graded(file, "exercises", EXERCISE_KEYS, TEST_POINTS)
        yield from _check_mistakes(file)
        yield from _check_graded(file, "written", {"name", "points"}, HAND_POINTS)


def _check_graded(file: YamlFile, key: str, allowed: set[str], total: int):
    rows = file.data[key]
    for index, row in enumerate(rows):
        if not isinstance(row, dict) or not {"name", "points"} <= row.keys() <= allowed:
            yield file.finding(f"each item of '{key}' must be a mapping with {', '.join(sorted(allowed))}", key, index)
        elif not _is_number(row["points"]) or row["points"] <= 0:
            yield file.finding(f"'points' of {row['name']} must be a number above 0, not {row['points']!r}", key, index)
    if not all(isinstance(row, dict) and _is_number(row.get("points")) for row in rows):
        return
    names = [row.get("name") for row in rows]
    for index, row in enumerate(rows):
        if names.index(row.get("name")) != index:
            yield file.finding(f"'{row.get('name')}' occurs twice in '{key}': rename one", key, index)
        for used in row.get("uses", []) if isinstance(row.get("uses", []), list) else [row["uses"]]:
            if used not in names or used == row.get("name"):
                yield file.finding(f"'uses' must name other exercises of this module; '{used}' is not one", key, index)
    points = sum(row["points"] for row in rows)
    if rows and points != total:
        yield file.finding(f"the points in '{key}' must add up to {total}, they add up to {points:g}", key)


def _check_mistakes(file: YamlFile):
    for index, row in enumerate(file.data["exercises"]):
        mistakes = row.get("mistakes", []) if isinstance(row, dict) else []
        where: tuple[str | int, ...] = ("exercises", index, "mistakes")
        if not isinstance(mistakes, list):
            yield file.finding("'mistakes' must be a list of {warns, replace, by}", *where)
            continue
        for number, mistake in enumerate(mistakes):
            if not _is_mistake(mistake):
                rule = (
                    "a mistake must have 'warns' (a sentence), 'replace' and 'by' (code; 'by' may be empty), all text"
                )
                yield file.finding(rule, *where, number)


def _is_mistake(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != MISTAKE_KEYS:
        return False
    return all(isinstance(text, str) for text in value.values()) and bool(
        value["warns"].strip() and value["replace"].strip()
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _build(match, folder: Path, data: dict, is_written: bool) -> Module:
    if not is_written:
        data = {key: data[key] for key in REQUIRED}
    return Module(
        number=int(match["number"]),
        slug=match["slug"],
        title=data["title"],
        tier=data["tier"],
        hours=data["hours"],
        prerequisites=tuple(data["prerequisites"]),
        summary=data["summary"].strip(),
        exports=tuple(data.get("exports", ())),
        files=tuple(data.get("files", ())),
        exercises=tuple(_exercise(row) for row in data.get("exercises", ())),
        written_answers=tuple(WrittenAnswer(a["name"], a["points"]) for a in data.get("written", ())),
        is_written=is_written,
        folder=folder,
    )


def _exercise(row: dict) -> Exercise:
    mistakes = tuple(Mistake(**mistake) for mistake in row.get("mistakes", ()))
    return Exercise(row["name"], row["points"], tuple(row.get("uses", ())), mistakes)


def check_order(modules: list[Module]) -> list[Finding]:
    """Check what can only be seen in all modules: numbers, slugs, unknown or later prerequisites, cycles, exports."""
    findings: list[Finding] = []
    owner: dict[str, Module] = {}
    taken: dict[str, Module] = {}
    for module in modules:
        assert module.folder is not None
        for key in (module.slug, str(module.number)):
            if taken.setdefault(key, module) is not module:
                message = f"'{key}' is already used by {taken[key].label}: rename this folder"
                findings.append(Finding(module.folder, 1, message))
    by_slug = {module.slug: module for module in modules}
    for module in modules:
        findings.extend(_check_prerequisites(module, by_slug))
        for name in module.exports:
            if owner.setdefault(name, module) is not module:
                message = f"'{name}' is already exported by {owner[name].label}: only one module may export a name"
                findings.append(_file(module).finding(message, "exports"))
    return findings


def _check_prerequisites(module: Module, by_slug: dict[str, Module]):
    for index, slug in enumerate(module.prerequisites):
        other = by_slug.get(slug)
        where = ("prerequisites", index)
        if other is None:
            known = ", ".join(by_slug)
            yield _file(module).finding(f"prerequisite '{slug}' is not a module. Available: {known}", *where)
        elif _reaches(other, module, by_slug):
            yield _file(module).finding(f"prerequisite '{slug}' makes a cycle: it needs {module.slug} itself", *where)
        elif other.number >= module.number:
            message = f"prerequisite '{slug}' is {other.label}, which comes later: a module may only need earlier ones"
            yield _file(module).finding(message, *where)
        elif module.is_written and not other.is_written:
            yield _file(module).finding(f"prerequisite '{slug}' is not written yet: write it first", *where)


def _reaches(start: Module, goal: Module, by_slug: dict[str, Module]) -> bool:
    seen: set[str] = set()
    waiting = [start.slug]
    while waiting:
        slug = waiting.pop()
        if slug == goal.slug:
            return True
        if slug not in seen and slug in by_slug:
            seen.add(slug)
            waiting.extend(by_slug[slug].prerequisites)
    return False


def _file(module: Module) -> YamlFile:
    assert module.folder is not None
    return YamlFile(module.folder / "module.yaml")
