"""`tito ask` and `tito questions`: a question to the staff with its notebook attached, and what they answered."""

import json
import sys
import tempfile
from pathlib import Path

import click

from exchange.client.transfer import Outgoing, pack
from exchange.protocol.models import AnswerForAll, Question, QuestionRequest, plain
from exchange.protocol.notebooks import LARGEST_SNAPSHOT
from tito.errors import TitoError
from tito.history.notebook import parse, without_outputs
from tito.stuck.cells import Beside, beside
from tito.stuck.exercises import module_with
from tito.student.answers import as_json_option
from tito.student.exchange_door import exchange, slug_of
from tito.workspace import Workspace

WORDS = "\n\n# What do you want to know, and what did you try? Write it above; this line is left out.\n"


@click.command()
@click.argument("exercise")
@click.option("--text", "-t", default="", help="The question. Without it an editor opens; '-' reads standard input.")
@click.option("--notebook/--no-notebook", default=None, help="Attach your notebook as it is saved, for staff to read.")
@as_json_option
def ask(exercise: str, text: str, notebook: bool | None, as_json: bool) -> int:
    """Ask the course's staff about an exercise. Your cell and the failing check go with it, as they were saved.

    Your notebook goes with it only if you agree: staff see it as it is now, and nobody else does.

    \b
    Examples:
      tito ask infer_shape --text "Why is 12 by -1 refused?" --notebook
      tito ask infer_shape
    """
    module, workspace = module_with(exercise), Workspace.here()
    words = _words(text)
    facts = beside(workspace, module.slug, exercise)
    path = workspace.notebook(module.slug)
    attached = _agreed(notebook, path, as_json)
    with exchange() as (client, course), tempfile.TemporaryDirectory(prefix="tito-ask-") as folder:
        request = QuestionRequest(words, exercise, facts.check, facts.why, facts.cell)
        asked = client.ask(course, module.slug, request, _outgoing(path, Path(folder)) if attached else None)
    if as_json:
        click.echo(json.dumps(plain(asked), ensure_ascii=False))
        return 0
    click.echo(f"Your question was sent: {_what_went(facts, bool(asked.notebook))}.")
    click.echo("The answer will be on the home page, on the module's page, and in 'tito questions'.")
    return 0


def _words(text: str) -> str:
    if text == "-":
        text = sys.stdin.read()
    elif not text:
        written = click.edit(WORDS) if sys.stdin.isatty() else None
        text = (written or "").partition("\n# What do you want")[0]
    if not text.strip():
        raise TitoError('nothing was asked: give the question, as in --text "Why ...?"')
    return text


def _agreed(notebook: bool | None, path: Path, as_json: bool) -> bool:
    """Tell whether the notebook is attached: never unless the student agreed."""
    if notebook is None:
        asks = not as_json and path.is_file() and sys.stdin.isatty()
        return asks and click.confirm(f"Attach {path.name} as it is saved, for the staff to read?")
    if notebook and not path.is_file():
        raise TitoError(f"there is no {path} to attach: save it there, or ask with --no-notebook.")
    return notebook


def _outgoing(path: Path, folder: Path) -> Outgoing:
    """Make the notebook ready as it is, or without its outputs if these make it too large."""
    data = path.read_bytes()
    if len(data) > LARGEST_SNAPSHOT and (found := parse(data)) is not None:
        data = without_outputs(found)
    (folder / path.name).write_bytes(data)
    return pack(folder, [path.name])


def _what_went(facts: Beside, notebook: bool) -> str:
    parts = ["with your cell"] if facts.cell else []
    parts += [f"with the check '{facts.check}'"] if facts.check else []
    parts += ["with your notebook"] if notebook else ["without your notebook"]
    return ", ".join(parts)


@click.command()
@click.argument("name", required=False, default="")
@click.option("--for-all", is_flag=True, help="Show a module's answers that staff marked as useful for all.")
@click.option("--take-back", default="", metavar="ID", help="Take back a question that nobody has answered.")
@as_json_option
def questions(name: str, for_all: bool, take_back: str, as_json: bool) -> int:
    """Show your questions and the answers.

    \b
    Examples:
      tito questions
      tito questions tensor --for-all
    """
    if for_all and not name:
        raise click.UsageError("name the module whose answers you want: tito questions tensor --for-all")
    slug = slug_of(name) if name else ""
    with exchange() as (client, course):
        if take_back:
            client.take_back(course, take_back)
        rows = client.answers(course, slug) if for_all else client.questions(course, slug, mine=True)
        for row in rows:
            if isinstance(row, Question) and row.answered_at and not row.seen_at:
                client.see_answer(course, row.id)
    if as_json:
        click.echo(json.dumps([plain(row) for row in rows], ensure_ascii=False))
        return 0
    click.echo("\n\n".join(_said(row) for row in rows) or "No questions yet.")
    return 0


def _said(row: Question | AnswerForAll) -> str:
    """Format a question for a terminal. Texts are plain: the exchange accepts no control characters."""
    if isinstance(row, AnswerForAll):
        return f"{row.exercise}: {row.question}\n    {row.answer}"
    about = f"{row.assignment}, {row.exercise}" if row.exercise else row.assignment
    head = f"{row.asked_at[:16].replace('T', ' ')} UTC, {about}: {row.text}"
    if row.answer:
        return f"{head}\n    {row.answer}"
    state = "somebody is working on it" if row.taken_by else "not answered yet"
    return f"{head}\n    {state}; take it back: tito questions --take-back {row.id}"
