"""The record of a module's audit: `audit.json` in the module's folder, committed, with one mutant on each line.

The file depends only on what was judged: fixed order, no times, no paths. `own` and `elsewhere` are digests of its
inputs; see `digests.py`.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tito.atomic import write_if_changed
from tito.curriculum import Module
from tito.errors import TitoError
from tito.staff.auditing.digests import own_digests
from tito.staff.auditing.exercise import ExerciseAudit, Known
from tito.staff.auditing.report import ModuleAudit, module_audit
from tito.staff.auditing.verdict import MutantVerdict
from tito.staff.auditing.whole import WholeAudit

FILE_NAME = "audit.json"


@dataclass
class Record:
    """The record of a module's audit, and the digests of its inputs."""

    audit: ModuleAudit
    own: dict[str, str]
    elsewhere: dict[str, str]

    @property
    def known(self) -> Known:
        """The verdicts by mutant."""
        return {mutant.key: mutant for mutant in self.audit.mutants}

    @property
    def mutants(self) -> list[MutantVerdict]:
        return self.audit.mutants


def record_path(module: Module) -> Path:
    """The path of a module's record."""
    assert module.folder is not None
    return module.folder / FILE_NAME


def write_record(module: Module, record: Record) -> bool:
    """Write the record; return whether it changed."""
    return write_if_changed(record_path(module), text_of(record))


def read_record(module: Module) -> Record | None:
    """Read the record of a module; None if there is none."""
    path = record_path(module)
    if not path.is_file():
        return None
    try:
        return _record(module, json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError) as error:
        raise TitoError(
            f"{module.label}/{FILE_NAME} is not an audit record ({type(error).__name__}: {error}): "
            f"delete it and run 'tito module audit {module.slug}'"
        ) from error


def stale(module: Module, record: Record | None) -> str:
    """Say which of the module's own files changed since the record was made; "" if none did."""
    remedy = f"run 'tito module audit {module.slug}' and commit what it writes"
    if record is None:
        return f"{module.label} has no {FILE_NAME}: {remedy}"
    now = own_digests(module)
    changed = sorted(name for name in now | record.own if now.get(name) != record.own.get(name))
    return f"{module.label}/{FILE_NAME} is out of date ({', '.join(changed)} changed): {remedy}" if changed else ""


def text_of(record: Record) -> str:
    """The text of the file."""
    audit = record.audit
    parts = [
        ("module", _line(audit.slug)),
        ("own", _lines(record.own)),
        ("elsewhere", _lines(record.elsewhere)),
        ("whole", _lines(asdict(audit.whole))),
        ("exercises", _list(_without(asdict(e), "mutants") for e in audit.exercises)),
        ("mutants", _list(_plain(mutant) for mutant in audit.mutants)),
    ]
    return "{\n" + ",\n".join(f'"{name}": {text}' for name, text in parts) + "\n}\n"


def _plain(mutant: MutantVerdict) -> dict[str, Any]:
    """A mutant's record; it mentions feedback only if something is wrong with it."""
    return asdict(mutant) if mutant.unclear else _without(asdict(mutant), "unclear")


def _without(entry: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != name}


def _list(entries: Iterable[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(f" {_line(entry)}" for entry in entries) + "\n]"


def _lines(entry: dict[str, Any]) -> str:
    return "{\n" + ",\n".join(f' "{key}": {_line(value)}' for key, value in entry.items()) + "\n}"


def _line(value: object) -> str:
    return json.dumps(_whole_numbers(value), ensure_ascii=False)


def _whole_numbers(value: Any) -> Any:
    """Write 15 points as 15, not 15.0."""
    if isinstance(value, dict):
        return {key: _whole_numbers(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _record(module: Module, data: dict[str, Any]) -> Record:
    verdicts = [MutantVerdict(**entry) for entry in data["mutants"]]
    exercises = [
        ExerciseAudit(**entry, mutants=[verdict for verdict in verdicts if verdict.exercise == entry["name"]])
        for entry in data["exercises"]
    ]
    audit = module_audit(module, WholeAudit(**data["whole"]), exercises)
    return Record(audit, dict(data["own"]), dict(data["elsewhere"]))
