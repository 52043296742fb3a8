"""How a student's commands find a module and answer: lines for a person, JSON for scripts."""

import json

import click

from tito.curriculum import Curriculum, Module, load_curriculum
from tito.workspace import Workspace

as_json_option = click.option("--json", "as_json", is_flag=True, help="Answer as JSON, for scripts.")


def find_module(name: str) -> tuple[Curriculum, Module, Workspace]:
    """Find a written module by slug, folder name or number, and the student's workspace."""
    curriculum = load_curriculum()
    return curriculum, curriculum.find_written(name), Workspace.here()


def answer(as_json: bool, facts: dict, *lines: str) -> None:
    """Print facts as JSON, or lines for a person."""
    click.echo(json.dumps(facts, ensure_ascii=False) if as_json else "\n".join(line for line in lines if line))
