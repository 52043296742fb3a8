"""Errors that have a remedy: an error for a person to read, and a finding at a place in a file."""

from dataclasses import dataclass
from pathlib import Path


class TitoError(Exception):
    """Its message has fault, value and remedy; the command line prints it without a traceback and exits with 1."""

    def to_json(self) -> dict:
        return {"error": str(self)}


class SchemaError(TitoError):
    """The database was written by another version of the service."""


@dataclass(frozen=True, order=True)
class Finding:
    """One fault at one place; prints as `file:line: message`."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{_shorten(self.path)}:{self.line}: {self.message}"

    def to_json(self) -> dict:
        return {"file": str(self.path), "line": self.line, "message": self.message}


class FindingsError(TitoError):
    """Several findings, all shown together."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = sorted(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))

    def to_json(self) -> dict:
        return super().to_json() | {"findings": [finding.to_json() for finding in self.findings]}


def _shorten(path: Path) -> Path:
    """Show a path relative to the working directory if it is inside that."""
    try:
        return path.relative_to(Path.cwd())
    except (ValueError, OSError):  # elsewhere, or the working directory is gone
        return path
