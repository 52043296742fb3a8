"""Generate tinytorch/core from course/modules when the package is built, so that `pip install .` is whole."""

import sys
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GenerateCore(BuildHookInterface):
    """Export every written module before files are collected."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict) -> None:
        root = Path(self.root)
        sys.path.insert(0, str(root / "course"))
        try:
            from tito.source.export import export_all

            export_all(root / "course", root / "tinytorch" / "core")
        finally:
            sys.path.pop(0)
