"""The page *History*: the versions of a module's notebook, compared with the present one cell by cell, and restored.

Promises: a notebook's content is shown as text and runs nothing; a restore can be undone here too.
"""

import json
import re
import secrets
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from jupyter_server.base.handlers import JupyterHandler
from tito.errors import TitoError
from tito.history.comparing import Change, compare
from tito.history.keeping import keep_notebook
from tito.history.places import modules_with_history
from tito.history.restoring import restore
from tito.history.submitted import Attempt, attempts
from tito.history.versions import History, Version
from tito.workspace import Workspace
from tornado import web

PAGE = "history"
SLUG = r"([a-z0-9_]+)"
KINDS = {"+": "ins", "-": "del"}


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(serverapp) -> None:
    base = re.escape(serverapp.base_url) + PAGE
    pages = [(f"{base}/?", Modules), (f"{base}/{SLUG}", Versions), (rf"{base}/{SLUG}/(\d{{1,9}})", OneVersion)]
    serverapp.web_app.add_handlers(".*$", pages)


class HistoryPage(JupyterHandler):
    """What the pages share: the workspace and a page's frame."""

    @property
    def workspace(self) -> Workspace:
        return Workspace.here()

    def history(self, slug: str) -> History:
        if slug not in modules_with_history(self.workspace):
            raise web.HTTPError(404, f"There are no versions of {slug}: one is kept whenever you save its notebook.")
        return History(self.workspace, slug)

    def address(self, *parts: object) -> str:
        return quote("/".join((f"{self.base_url}{PAGE}", *map(str, parts))))

    def page(self, title: str, body: str, said: str = "", restored: str = "") -> None:
        """Answer with a page. `restored` names a notebook that a JupyterLab around this page should reload."""
        nonce = secrets.token_urlsafe(16)
        rules = f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; form-action 'self'"
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", f"{rules}; frame-ancestors 'self'; base-uri 'none'")
        told = json.dumps(restored).replace("<", "\\u003c")
        script = LOCAL_TIMES + (f"parent.postMessage({{restored: {told}}}, location.origin)" if restored else "")
        said = f'<p class="said" role="status">{escape(said)}</p>' if said else ""
        parts = {"title": escape(title), "said": said, "body": body, "base": escape(self.base_url)}
        self.finish(TEMPLATE.format(**parts, nonce=nonce, script=script))

    def form(self, slug: str, number: int, cell: str, words: str, label: str) -> str:
        """A button that restores."""
        return (
            f'<form method="post" action="{self.address(slug, number)}" data-notebook="{slug}/{slug}.ipynb">'
            f"{self.xsrf_form_html()}"
            f'<input type="hidden" name="cell" value="{escape(cell)}">'
            f'<button aria-label="{escape(label)}">{escape(words)}</button></form>'
        )


class Modules(HistoryPage):
    """All modules that have versions; with ?notebook=PATH straight to the module of that notebook."""

    @web.authenticated
    def get(self) -> None:
        slugs = modules_with_history(self.workspace)
        opened = self.get_argument("notebook", "").removesuffix(".ipynb").split("/")[-2:]
        wanted = next((slug for slug in opened if slug in slugs), "")
        if wanted:
            self.redirect(self.address(wanted))
            return
        rows = "".join(f'<li><a href="{self.address(slug)}">{escape(slug)}</a></li>' for slug in slugs)
        nothing = "<p>No versions yet: one is kept whenever you save a module's notebook.</p>"
        self.page("History of your notebooks", f"<ul>{rows}</ul>" if slugs else nothing)


class Versions(HistoryPage):
    """The versions of a module, newest first."""

    @web.authenticated
    def get(self, slug: str) -> None:
        history = self.history(slug)
        sent, now = attempts(self.workspace, slug), datetime.now(UTC)
        rows = "".join(self._row(slug, each, sent, now) for each in reversed(history.versions()))
        heads = "".join(f'<th scope="col">{name}</th>' for name in ("Version", "Saved", "Tests passed", "What"))
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        self.page(f"History of {slug}", f'<p>{WORDS}</p>{table}<p><a href="{self.address()}">Other modules</a></p>')

    def _row(self, slug: str, version: Version, sent: list[Attempt], now: datetime) -> str:
        what = [
            version.why,
            *(f"submitted: attempt {a.number}, {a.receipt.name}" for a in sent if a.sha256 == version.sha256),
        ]
        if version.file != f"{slug}/{slug}.ipynb":
            what.append(f"as {version.file}")
        if version.outputs_left_out:
            what.append("without its outputs, which were too large")
        passed = f"{len(version.passed)} of {version.tests}" if version.tests else ""
        names = f"<br><small>{escape(', '.join(version.passed))}</small>" if version.passed else ""
        label = f"Version {version.number}: compare and restore"
        link = f'<a href="{self.address(slug, version.number)}" aria-label="{label}">'
        cells = (f"{link}{version.number}</a>", when(version, now), passed + names, escape("; ".join(what)))
        return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


class OneVersion(HistoryPage):
    """One version: how it differs from the notebook as saved now, and buttons that restore it."""

    @web.authenticated
    def get(self, slug: str, number: str) -> None:
        self._show(slug, int(number), "")

    @web.authenticated
    def post(self, slug: str, number: str) -> None:
        self.history(slug)
        cell = self.get_body_argument("cell", "", strip=False)
        try:
            done = restore(self.workspace, slug, int(number), cell)
        except (TitoError, OSError) as error:
            self._show(slug, int(number), f"Nothing was restored: {error}")
            return
        undo = f" Version {done.undo.number} is what you had before; restore it to undo this." if done.undo else ""
        before = self._way_back(slug, done.undo.number) if done.undo else ""
        path = f"{slug}/{slug}.ipynb"
        what = "The cell is" if cell else f"{path} is"
        said = f"{what} as in version {number}.{undo} If JupyterLab shows the old one: File, Reload Notebook from Disk."
        self._show(slug, int(number), said, path, before)

    def _way_back(self, slug: str, number: int) -> str:
        return f'<p><a href="{self.address(slug, number)}">Compare with version {number}, to undo this</a></p>'

    def _show(self, slug: str, number: int, said: str, restored: str = "", before: str = "") -> None:
        history = self.history(slug)
        try:
            version = history.find(number)
            then = history.read(version)
        except TitoError as error:
            raise web.HTTPError(404, str(error)) from error
        keep_notebook(self.workspace, slug, "found on disk")
        notebook = self.workspace.notebook(slug)
        changes = compare(then, notebook.read_bytes() if notebook.is_file() else b"")
        cells = "".join(self._change(slug, number, each) for each in changes)
        whole = self.form(
            slug, number, "", "Restore the whole notebook", f"Restore the whole notebook of version {number}"
        )
        about = (
            f"<p>Saved {when(version, datetime.now(UTC))}. Restoring adds lines with + and removes lines with -.</p>"
        )
        none = "" if changes else "<p>All cells have the same text as in your notebook now.</p>"
        back = f'<p><a href="{self.address(slug)}">All versions of {escape(slug)}</a></p>'
        self.page(f"Version {number} of {slug}", before + about + whole + none + cells + back, said, restored)

    def _change(self, slug: str, number: int, change: Change) -> str:
        lines = "\n".join(diff_line(line) for line in change.lines())
        form = self.form(slug, number, change.cell.key, "Restore this cell", f"Restore {change.label}")
        button = form if change.then else ""
        return f"<section><h2>{escape(change.label)} {escape(change.what)}</h2><pre>{lines}</pre>{button}</section>"


def when(version: Version, now: datetime) -> str:
    """Format a time and how long ago it was."""
    minutes = max(0, int((now - version.moment).total_seconds())) // 60
    if minutes < 100:
        ago = f"{minutes} min ago" if minutes else "just now"
    else:
        ago = f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"
    return f'<time datetime="{version.saved_at}">{version.saved_at[:19].replace("T", " ")} UTC</time>, {ago}'


def diff_line(line: str) -> str:
    """Format a line of a difference, marked if it is added or removed."""
    kind = KINDS.get(line[:1])
    return f"<{kind}>{escape(line)}</{kind}>" if kind else escape(line)


WORDS = (
    "A version is kept whenever the notebook is saved, by you or by JupyterLab every two minutes: all of an hour, "
    "then the last of each hour for two days, then of each day; what you submitted is kept. Choose one to compare with "
    "your notebook and to restore, whole or a single cell."
)
# Without this script, times are in UTC.
LOCAL_TIMES = (
    "for (const t of document.querySelectorAll('time')) t.textContent = new Date(t.dateTime).toLocaleString();"
)
TEMPLATE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style nonce="{nonce}">
:root {{ color-scheme: light dark; --ink: #1c1c1c; --soft: #555; --paper: #fff; --line: #ccc; --link: #0b57b0;
  --code: #f6f6f6; --came: #d8f5dd; --went: #fde0e0; --said: #eef4ff }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e8e8e8; --soft: #b0b0b0; --paper: #161616; --line: #444;
  --link: #8ab8ff; --code: #222; --came: #14401f; --went: #4d1d1d; --said: #1d2a44 }} }}
body {{ font: 14px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 1rem auto; padding: 0 1rem;
  color: var(--ink); background: var(--paper) }}
a {{ color: var(--link) }}
h1 {{ font-size: 1.5rem }}
table {{ border-collapse: collapse; width: 100% }}
th {{ text-align: left; white-space: nowrap }}
th, td {{ border-top: 1px solid var(--line); padding: .4rem .6rem; vertical-align: top }}
td {{ overflow-wrap: anywhere }}
h2 {{ font-size: 1.1rem; margin: 1.5rem 0 .5rem }}
h3 {{ font-size: 1rem; margin: .5rem 0 }}
pre {{ background: var(--code); padding: .5rem 1rem; overflow-x: auto; margin: 0 0 .5rem }}
pre.written {{ font: inherit; white-space: pre-wrap; overflow-wrap: anywhere }}
ins {{ background: var(--came); text-decoration: none }}
del {{ background: var(--went); text-decoration: none }}
.said {{ background: var(--said); padding: .5rem 1rem }}
form {{ margin: 0 }}
button, textarea {{ font: inherit; padding: .2rem .8rem }}
textarea {{ box-sizing: border-box; width: 100%; max-width: 44rem; padding: .4rem .6rem }}
small, footer {{ color: var(--soft) }}
footer {{ border-top: 1px solid var(--line); margin-top: 2rem; padding-top: .5rem }}
</style>
<body>
<header><h1>{title}</h1></header>
<main>
{said}
{body}
</main>
<footer><a href="{base}history">History of your notebooks</a>, <a href="{base}questions">your questions</a></footer>
<script nonce="{nonce}">{script}</script>
</body>
</html>
"""
