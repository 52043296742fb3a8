"""What a student with a full home sees: notebooks open read-only, saving says why it fails, a page helps.

Promises: a file is either as last saved or as saved now, whatever the disk does meanwhile; messages that
there is no room name the page for making some.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from urllib.parse import quote

import room
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from still_at_work import CountedKernels
from tornado import web
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import PathMatches, Router, Rule

PAGE = "full-home"
KNOWN = "home-is-full-known"  # the cookie of somebody who wants to continue
SHOWN = 40
MB = 2**20
NO_ROOM = 507


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(serverapp) -> None:
    app = serverapp.web_app
    app.add_handlers(".*$", [(re.escape(serverapp.base_url) + PAGE, FullHome)])
    app.default_router.rules.insert(0, BeforeLab(serverapp).rule)


class Contents(AsyncLargeFileManager):
    """The files of a home that may be full."""

    @property
    def page(self) -> str:
        return getattr(self.parent, "base_url", "/") + PAGE

    async def get(self, path, content=True, type=None, format=None, require_hash=False):
        """A file that can't be saved is shown as read-only."""
        model = await super().get(path, content=content, type=type, format=format, require_hash=require_hash)
        if content and model["type"] != "directory" and not room.has_room(Path(self.root_dir)):
            model["writable"] = False
        return model

    async def save(self, model, path=""):
        with self._said():
            return await super().save(model, path)

    async def delete_file(self, path):
        """Without room, files are deleted permanently: the trash is in the home and needs room for its own records."""
        if not room.has_room(Path(self.root_dir)):
            self.delete_to_trash = False
        try:
            return await super().delete_file(path)
        finally:
            self.delete_to_trash = True

    async def create_checkpoint(self, path):
        with self._said():
            return await super().create_checkpoint(path)

    async def restore_checkpoint(self, checkpoint_id, path):
        with self._said():
            return await super().restore_checkpoint(checkpoint_id, path)

    @contextmanager
    def atomic_writing(self, os_path, text=True, encoding="utf-8", **more):
        """Jupyter's own writes into the file itself, which is cut short if there is no room for the last bytes."""
        with self.perm_to_403(os_path), room.replacing(os_path) as new:
            how = {"encoding": encoding, "newline": "\n"} if text else {}
            with new.open("w" if text else "wb", **how, **more) as file:
                yield file

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not _is_full(error):
                raise
            raise web.HTTPError(
                NO_ROOM,
                "Your home is full: nothing was saved, and the file on disk is as you last saved it. Keep this tab "
                f"open, free some space at {self.page} (it lists your largest files), then save again.",
            ) from error


class Kernels(CountedKernels):
    """Kernels that also start in a full home: without room, IPython has neither its folder nor its history there."""

    async def start_kernel(self, **more):
        if not room.has_room(Path(self.root_dir)):
            more["env"] = dict(more.get("env") or os.environ)
            room.keep_aside(Path(self.root_dir), more["env"])
        return await super().start_kernel(**more)


class Checkpoints(AsyncFileCheckpoints):
    """Checkpoints that are written and restored either whole or not at all."""

    async def _copy(self, src, dest):
        with room.replacing(dest) as new:
            shutil.copyfile(src, new)
            shutil.copystat(src, new)


def _is_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in room.FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


class BeforeLab(Router):
    """Show the page instead of JupyterLab's own while the home is full, until its owner continues."""

    def __init__(self, serverapp) -> None:
        self.app, self.home = serverapp.web_app, Path(serverapp.contents_manager.root_dir)
        self.rule = Rule(PathMatches(re.escape(serverapp.base_url) + r"lab(/tree.*|/workspaces.*|/?)$"), self)

    def find_handler(self, request: HTTPServerRequest, **_) -> HTTPMessageDelegate | None:
        if request.method != "GET" or KNOWN in request.cookies or room.has_room(self.home):
            return None
        return self.app.get_handler_delegate(request, FullHome)


class FullHome(JupyterHandler):
    """The largest files of a home, each with a button that deletes it."""

    @property
    def home(self) -> Path:
        return Path(self.contents_manager.root_dir)

    @web.authenticated
    def get(self) -> None:
        if self.get_argument("go-on", ""):
            self.set_cookie(KNOWN, "yes", path=self.base_url)
            self.redirect(self.request.path if PAGE not in self.request.path else f"{self.base_url}lab")
            return
        self._page("")

    @web.authenticated
    def post(self) -> None:
        name = self.get_body_argument("file", strip=False)
        try:
            freed = room.delete_file(self.home, os.fsdecode(bytes.fromhex(name)))
            said = f"Deleted {_shown(name)}: {_size(freed)} freed."
        except (OSError, ValueError) as error:
            said = f"{_shown(name)} was not deleted: {getattr(error, 'strerror', '') or error}."
        self._page(said)

    def _page(self, said: str) -> None:
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.set_header("Cache-Control", "no-store")
        full = not room.has_room(self.home)
        if not full:
            self.clear_cookie(KNOWN, path=self.base_url)
        rows = "".join(self._row(found) for found in room.largest_files(self.home, SHOWN))
        self.finish(
            TEMPLATE.format(
                heading="Your home is full" if full else "Your home has space again",
                words=WHILE_FULL if full else "Continue where you were. What could not be saved can be saved now.",
                said=f'<p class="said" role="status">{escape(said)}</p>' if said else "",
                free=_size(room.free_bytes(self.home)),
                rows=rows,
                go_on="Continue to JupyterLab, read-only" if full else "Continue to JupyterLab",
                base=escape(self.base_url),
            )
        )

    def _row(self, found: room.Found) -> str:
        key = os.fsencode(found.path).hex()
        name = escape(_shown(key))
        form = f'<form method="post" action="{quote(self.base_url)}{PAGE}">{self.xsrf_form_html()}'
        button = (
            f'<input type="hidden" name="file" value="{key}"><button aria-label="Delete {name}">Delete</button></form>'
        )
        about = _about(found.path)
        return f'<tr><td class="size">{_size(found.size)}</td><td>{name}{about}</td><td>{form}{button}</td></tr>'


def _about(path: str) -> str:
    if "/.ipynb_checkpoints/" in f"/{path}":
        return "<br><small>a copy that JupyterLab made of the notebook at its last save</small>"
    if path.startswith(".local/share/Trash/"):
        return "<br><small>deleted earlier, but still in the trash</small>"
    return ""


def _shown(key: str) -> str:
    try:
        return bytes.fromhex(key).decode("utf-8", "replace")
    except ValueError:
        return "this file"


def _size(size: int) -> str:
    return f"{size / MB:.1f} MB"


WHILE_FULL = (
    "Nothing can be saved: notebooks open read-only, and files on disk stay as you last saved them. Submitting works. "
    "Delete files that you no longer need here; they are deleted permanently."
)
TEMPLATE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{heading}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1c1c1c; --soft: #555; --paper: #fff; --line: #ccc; --link: #0b57b0;
  --said: #eef4ff }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e8e8e8; --soft: #b0b0b0; --paper: #161616; --line: #444;
  --link: #8ab8ff; --said: #1d2a44 }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
  color: var(--ink); background: var(--paper) }}
a {{ color: var(--link) }}
table {{ border-collapse: collapse; width: 100% }}
th {{ text-align: left }}
th, td {{ border-top: 1px solid var(--line); padding: .4rem .6rem; overflow-wrap: anywhere }}
.size {{ text-align: right; white-space: nowrap }}
.said {{ background: var(--said); padding: .5rem 1rem }}
form {{ margin: 0 }}
button {{ font: inherit; padding: .2rem .8rem }}
small {{ color: var(--soft) }}
footer {{ border-top: 1px solid var(--line); margin-top: 2rem; padding-top: .5rem }}
</style>
<body>
<header><h1>{heading}</h1></header>
<main>
<p>{words}</p>
{said}
<p>Free: {free}. <a href="?go-on=1">{go_on}</a></p>
<h2>Your largest files</h2>
<table><thead><tr><th scope="col" class="size">Size</th><th scope="col">File</th><th scope="col">Permanently</th></tr>
</thead><tbody>{rows}</tbody></table>
</main>
<footer><a href="{base}history">History of your notebooks</a></footer>
</body>
</html>
"""
