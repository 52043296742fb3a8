"""The page *Stuck*: an exercise's hints, opened one by one, and a question to the staff with the notebook attached.

Promises: everything is shown as text and runs nothing; the notebook is sent only if its owner ticked it. Asking is a
separate process (`tito ask`): the exchange's client is in no server's memory.
"""

import asyncio
import json
import re
import sys
from html import escape
from urllib.parse import quote

from history_page import HistoryPage  # beside this file, as its frame of a page
from tito.errors import TitoError
from tito.stuck.exercises import module_with
from tito.stuck.hints import Hints, find_hints, open_next
from tornado import web

PAGE = "stuck"
EXERCISE = r"([A-Za-z_][A-Za-z0-9_]{0,99})"
LONGEST = 4000  # characters of a question; the exchange has the same limit
SECONDS = 60.0


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(serverapp) -> None:
    serverapp.web_app.add_handlers(".*$", [(f"{re.escape(serverapp.base_url)}{PAGE}/{EXERCISE}", Stuck)])


class Stuck(HistoryPage):
    """Help with one exercise."""

    @web.authenticated
    def get(self, exercise: str) -> None:
        self._show(self._slug(exercise), exercise, "")

    @web.authenticated
    async def post(self, exercise: str) -> None:
        slug = self._slug(exercise)
        if self.get_body_argument("do", "") == "hint":
            self._show(slug, exercise, self._open(slug, exercise))
            return
        text, attach = self.get_body_argument("text", "").strip(), bool(self.get_body_argument("notebook", ""))
        sent, said = await ask(exercise, text, attach)
        self._show(slug, exercise, said, "" if sent else text)

    def _slug(self, exercise: str) -> str:
        try:
            return module_with(exercise).slug
        except TitoError as error:
            raise web.HTTPError(404, str(error)) from error

    def _open(self, slug: str, exercise: str) -> str:
        try:
            hints = open_next(self.workspace, slug, exercise)
        except TitoError as error:
            return f"Nothing was opened: {error}"
        return f"Hint {hints.opened} of {len(hints.texts)} is open." if hints.texts else ""

    def _show(self, slug: str, exercise: str, said: str, text: str = "") -> None:
        hints = find_hints(self.workspace, slug, exercise)
        body = f"<p>Module {escape(slug)}. Hints cost nothing.</p>{self._hints(hints)}{self._question(exercise, text)}"
        self.page(f"Stuck with {exercise}", body, said)

    def _hints(self, hints: Hints) -> str:
        opened = "".join(f"<li>{escape(text)}</li>" for text in hints.shown)
        shown = f"<ol>{opened}</ol>" if opened else ""
        if not hints.texts:
            shown = "<p>This exercise has no hints in steps: read the HINT in its docstring again.</p>"
        left = f"Open hint {hints.opened + 1} of {len(hints.texts)}" if hints.left else ""
        button = self._form(hints.exercise, f'<button name="do" value="hint">{left}</button>') if left else ""
        return f"<h2>Hints</h2>{shown}{button}"

    def _question(self, exercise: str, text: str) -> str:
        fields = QUESTION.format(longest=LONGEST, text=escape(text))
        words = f"<p>{WORDS}</p>"
        return f"<h2>Ask the staff</h2>{words}{self._form(exercise, fields)}"

    def _form(self, exercise: str, fields: str) -> str:
        address = quote(f"{self.base_url}{PAGE}/{exercise}")
        return f'<form method="post" action="{address}">{self.xsrf_form_html()}{fields}</form>'


QUESTION = """<p><label for="text">What do you want to know, and what did you try?</label><br>
<textarea id="text" name="text" rows="5" cols="70" maxlength="{longest}" required>{text}</textarea></p>
<p><input type="checkbox" id="notebook" name="notebook" value="yes">
<label for="notebook">Attach my notebook as it is saved now; only the course's staff can read it</label></p>
<button name="do" value="ask">Send the question</button>"""
WORDS = (
    "The exercise's cell and the failing check are sent with your question, as last saved. The answer will be on "
    "your course page."
)


async def ask(exercise: str, text: str, attach: bool) -> tuple[bool, str]:
    """Ask as `tito ask` does; tell whether it was sent, and what to say."""
    command = [sys.executable, "-m", "tito.cli", "ask", exercise, "--text", "-", "--json"]
    command.append("--notebook" if attach else "--no-notebook")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        out, error = await asyncio.wait_for(process.communicate(text.encode("utf-8", "replace")), SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        return False, "The course does not answer. Your question may not have been sent: check your course page."
    if process.returncode == 0:
        return True, "Your question was sent. The answer will be on your course page."
    return False, f"Nothing was sent: {_reason(out, error)}"


def _reason(out: bytes, error: bytes) -> str:
    """What the command says, on either of its outputs."""
    try:
        told = json.loads(out)
        return str(told["error"] if isinstance(told, dict) and "error" in told else told)[:1000]
    except (ValueError, KeyError):
        return (error or out).decode("utf-8", "replace").strip()[-1000:] or "the command gave no reason"
