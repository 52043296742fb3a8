"""Every command of docs/writing-a-module.md is run, on a copy of the course."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tito.source.percent import parse_percent

# They include a module's audit: 25 s of processor time in all, and ten times as long on a busy machine.
pytestmark = [pytest.mark.service, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "writing-a-module.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_commands_do_what_the_page_says(tmp_path: Path):
    shutil.copytree(ROOT / "course", tmp_path / "course", ignore=shutil.ignore_patterns("__pycache__"))
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TITO_COURSE": str(tmp_path / "course"),
        "MPLBACKEND": "Agg",
    }
    commands = [line for block in blocks("sh") for line in block.splitlines() if line.startswith(("tito ", "python "))]
    assert len(commands) == 5
    for command in commands:
        result = subprocess.run(command.split(), cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, f"{command}: {result.stdout[-1000:]}{result.stderr[-1000:]}"
    assert (tmp_path / "var" / "course" / "release" / "optimizers" / "optimizers.ipynb").is_file()


def test_the_examples_of_the_page_can_be_read():
    (settings,) = blocks("yaml")
    assert {"title", "tier", "exports", "exercises", "written"} <= yaml.safe_load(settings).keys()
    (source,) = blocks("python")
    names = [cell.name for cell in parse_percent(source, Path("example_dev.py")) if cell.name]
    assert names == ["sgd_step", "test_sgd_step", "checkpoint_memory"]
