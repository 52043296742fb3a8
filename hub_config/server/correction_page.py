"""The page *Correction*: what a module's newest release changes in the student's notebook, and a button to take it.

Promises: nothing changes before the button; a notebook's content is shown as text and runs nothing. The work is a
separate process (`tito module update`), because the exchange's client is in no server's memory.
"""

import asyncio
import json
import re
import sys
from html import escape
from typing import Any
from urllib.parse import quote

from history_page import SLUG, HistoryPage, diff_line  # beside this file, as its frame of a page
from tornado import web

PAGE = "correction"
SECONDS = 90.0


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(serverapp) -> None:
    serverapp.web_app.add_handlers(".*$", [(f"{re.escape(serverapp.base_url)}{PAGE}/{SLUG}", Correction)])


class Correction(HistoryPage):
    """One module's correction."""

    @web.authenticated
    async def get(self, slug: str) -> None:
        told = await update(slug, "--plan")
        if "error" in told:
            self.page(f"Correction of {slug}", "", str(told["error"]))
        else:
            self.page(f"Correction of {slug}", self._plan(slug, told))

    @web.authenticated
    async def post(self, slug: str) -> None:
        told = await update(slug, "--yes")
        if "error" in told:
            self.page(f"Correction of {slug}", "", f"Nothing was changed: {told['error']}")
            return
        undo = f'<p><a href="{self.address(slug, told["undo"])}">Undo it in the history</a></p>' if told["undo"] else ""
        said = "Your notebook is corrected; your answers are unchanged." if told["changed"] else "Nothing to do."
        self.page(f"Correction of {slug}", DONE + self._notebook(slug) + undo, f"{said} {RELOAD}", notebook_of(slug))

    def _notebook(self, slug: str) -> str:
        address = quote(f"{self.base_url}lab/tree/{notebook_of(slug)}")
        return f'<p><a href="{address}" target="_top">Open the notebook</a></p>'

    def _plan(self, slug: str, told: dict[str, Any]) -> str:
        if not told["needed"]:
            return "<p>Nothing to do: your notebook already has the text and the tests of the newest release.</p>"
        return (
            f"<p>{_damaged(told) if told['damaged'] else WORDS}</p>{self._button(slug)}"
            f"{_names('Kept at the end, since the corrected notebook has no place for it', told['kept_at_the_end'])}"
            f"{_names('Your answer stays, and its task was corrected', told['task_corrected'])}"
            f"{''.join(map(_change, told['changes']))}"
        )

    def _button(self, slug: str) -> str:
        address = quote(f"{self.base_url}{PAGE}/{slug}")
        return (
            f'<form method="post" action="{address}">{self.xsrf_form_html()}<button>Take the correction</button></form>'
        )


WORDS = (
    "Save the notebook in JupyterLab first. Your answers and your own cells stay where they are, and what you have now "
    "becomes a version of your history. Lines with + are added, lines with - are removed."
)
RELOAD = "If JupyterLab shows the old notebook: File, Reload Notebook from Disk."
DONE = "<p>Run the tests again. If you had completed the module, complete it again: your package has not changed.</p>"


def notebook_of(slug: str) -> str:
    return f"{slug}/{slug}.ipynb"


def _damaged(told: dict[str, Any]) -> str:
    number = told["answers_of_version"]
    whose = f"version {number} of your history" if number else "nowhere, because your history has no readable version"
    return f"Your notebook can't be read. It is kept as a version, and the answers are taken from {whose}."


def _names(words: str, names: list[str]) -> str:
    return f"<p>{words}: <strong>{escape(', '.join(names))}</strong>.</p>" if names else ""


def _change(change: dict[str, Any]) -> str:
    lines = "\n".join(diff_line(line) for line in change["diff"])
    return f"<section><h2>{escape(change['label'])} {escape(change['what'])}</h2><pre>{lines}</pre></section>"


async def update(slug: str, option: str) -> dict[str, Any]:
    """Run the command and return its result; `error` if it failed."""
    command = [sys.executable, "-m", "tito.cli", "module", "update", slug, option, "--json"]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe)
    try:
        out, error = await asyncio.wait_for(process.communicate(), SECONDS)
        return json.loads(out)
    except TimeoutError:
        process.kill()
        await process.wait()
        return {"error": f"the course does not answer. In a terminal: tito module update {slug}"}
    except ValueError:
        return {"error": error.decode("utf-8", "replace").strip()[-1000:] or "the command gave no reason"}
