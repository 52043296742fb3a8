"""The page *Questions*: the student's questions and the staff's answers; and the data for JupyterLab's notification.

Promises: everything that people wrote is shown as text; a course that does not answer costs seconds and one line. The
exchange is asked with Tornado's own client, which ignores proxies: the exchange's would be in every server's memory.
"""

import json
import os
import re
from html import escape
from urllib.parse import quote

from history_page import HistoryPage  # beside this file, as its frame of a page
from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.httpclient import HTTPError, HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

PAGE, UNREAD = "questions", "questions/unread"
SECONDS = 10.0
NAMED = re.compile(r"[A-Za-z0-9_]{1,100}")  # exercises and modules; other names are not shown


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(serverapp) -> None:
    base = re.escape(serverapp.base_url)
    serverapp.web_app.add_handlers(".*$", [(base + PAGE, Questions), (base + UNREAD, Unread)])


async def of_exchange(method: str, *path: str, query: str = "") -> object:
    """Ask the exchange about the student's own questions, with this server's token; OSError if it does not answer."""
    course = os.environ.get("EXCHANGE_COURSE", "")
    parts = "/".join(quote(part, safe="") for part in ("courses", course, "questions", *path))
    url = f"{os.environ.get('EXCHANGE_URL', '').rstrip('/')}/api/v1/{parts}{query}"
    headers = {"Authorization": f"token {os.environ.get('JUPYTERHUB_API_TOKEN', '')}"}
    body = "" if method == "POST" else None
    request = HTTPRequest(url, method, headers, body, request_timeout=SECONDS, connect_timeout=SECONDS)
    client = SimpleAsyncHTTPClient(force_instance=True)
    try:
        return json.loads((await client.fetch(request)).body)
    except (HTTPError, OSError, ValueError) as error:
        raise OSError(f"the course does not answer: {error}") from error
    finally:
        client.close()


async def own() -> list[dict]:
    """List the student's own questions, oldest first."""
    rows = await of_exchange("GET", query="?mine=true")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def is_unread(row: dict) -> bool:
    """Tell whether there is an unread answer."""
    return bool(row.get("answered_at")) and not row.get("seen_at")


class Unread(APIHandler):
    """The unread answers, by module and exercise."""

    @web.authenticated
    async def get(self) -> None:
        try:
            rows = [row for row in await own() if is_unread(row)] if os.environ.get("EXCHANGE_URL") else []
        except OSError:
            rows = []  # asked again in some minutes
        named = [{name: _name(row.get(name)) for name in ("assignment", "exercise")} for row in rows]
        self.finish(json.dumps({"unread": named}))


class Questions(HistoryPage):
    """All of the student's questions, newest first; opening the page marks answers as read."""

    @web.authenticated
    async def get(self) -> None:
        said, rows = "", []
        try:
            rows = await own()
            for row in rows:
                if is_unread(row):
                    await of_exchange("POST", str(row["id"]), "seen")
        except OSError as error:
            said = f"{error}. Load the page again in a moment."
        body = "".join(_shown(row) for row in reversed(rows))
        self.page("Your questions to the staff", body or "<p>You have not asked anything yet.</p>", said)


def _shown(row: dict) -> str:
    about = ", ".join(escape(str(row[name])) for name in ("assignment", "exercise") if row.get(name))
    waits = "Somebody is working on it." if row.get("taken_by") else "Not answered yet."
    answer = f"<h3>Answer</h3>{_written(row['answer'])}" if row.get("answer") else f"<p>{waits}</p>"
    asked = f'<time datetime="{escape(str(row.get("asked_at", "")))}"></time>'
    return f"<section><h2>{about}</h2><p>{asked}</p>{_written(row.get('text', ''))}{answer}</section>"


def _written(text: object) -> str:
    """What a person wrote, with its lines."""
    return f'<pre class="written">{escape(str(text))}</pre>'


def _name(value: object) -> str:
    return value if isinstance(value, str) and NAMED.fullmatch(value) else ""
