"""Static files of a student's server: a compressed copy is sent if it is current, and browsers may cache it forever."""

import gzip
import os

import pytest
from jupyter_server.base.handlers import FileFindHandler
from tito.staff.ready_pages import compress_pages
from tornado.testing import AsyncHTTPTestCase
from tornado.web import Application

from hub_config.server.ready_made import FOR_GOOD, ReadyMade

SCRIPT = b"const answer = 42;\n" * 1000


class Files(AsyncHTTPTestCase):
    """A server for one folder, as Jupyter makes it."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path / "share" / "jupyter" / "lab"
        self.folder.mkdir(parents=True)
        self.script = self.folder / "core.abc123.js"
        self.script.write_bytes(SCRIPT)
        assert compress_pages(tmp_path) == 1
        assert compress_pages(tmp_path) == 0

    def get_app(self) -> Application:
        class Here(ReadyMade):
            async def prepare(self) -> None:
                """Skip the identity check: Jupyter's own needs a whole server."""

        FileFindHandler._static_paths.clear()
        return Application([(r"/static/(.*)", Here, {"path": [str(self.folder)]})])

    def ask(self, path: str, **headers: str):
        return self.fetch(f"/static/{path}", headers=headers, decompress_response=False)

    def test_a_browser_that_takes_it_is_sent_the_twin(self):
        answer = self.ask("core.abc123.js?v=abc123", **{"Accept-Encoding": "gzip, br"})
        assert gzip.decompress(answer.body) == SCRIPT and len(answer.body) < len(SCRIPT) / 10
        assert answer.headers["Content-Encoding"] == "gzip" and "javascript" in answer.headers["Content-Type"]
        assert answer.headers["Vary"] == "Accept-Encoding"

    def test_whoever_takes_none_or_a_part_gets_the_file(self):
        assert self.ask("core.abc123.js").body == SCRIPT
        part = self.ask("core.abc123.js", **{"Accept-Encoding": "gzip", "Range": "bytes=0-4"})
        assert part.body == SCRIPT[:5] and "Content-Encoding" not in part.headers

    def test_a_twin_that_is_older_than_its_file_is_not_sent(self):
        os.utime(self.script, (2e9, 2e9))
        assert self.ask("core.abc123.js", **{"Accept-Encoding": "gzip"}).body == SCRIPT

    def test_only_what_is_named_with_its_hash_is_kept_for_good(self):
        assert self.ask("core.abc123.js?v=abc123").headers["Cache-Control"] == FOR_GOOD
        assert self.ask("core.abc123.js").headers["Cache-Control"] == "no-cache"
