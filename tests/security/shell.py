"""A shell inside a person's server, used over HTTP as their browser would: it runs where the person's code runs."""

import asyncio
import base64
import json
import re
import secrets
import time
from contextlib import closing
from dataclasses import dataclass

import httpx
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from tests.e2e.names import server_origin

START_SECONDS = 180  # on a machine that is busy with other work


@dataclass
class Shell:
    """A terminal in the server of `name`; `token` has all of that person's rights."""

    hub_url: str
    name: str
    token: str

    def run(self, script: str, seconds: float = 60) -> str:
        """Run a shell script and return what it printed; raise TimeoutError if it does not end in time."""
        return asyncio.run(asyncio.wait_for(self._run(script), seconds))

    def python(self, program: str, seconds: float = 60) -> str:
        """Run a Python program with the server's interpreter."""
        return self.run(f"python - <<'END_OF_PROGRAM'\n{program}\nEND_OF_PROGRAM", seconds)

    def request(self, method: str, path: str, **more) -> httpx.Response:
        """Request any page of the Hub with the person's token."""
        return httpx.request(
            method, self.address(path), headers={"Authorization": f"token {self.token}"}, timeout=30, **more
        )

    def address(self, path: str) -> str:
        """Return the address of a path on the Hub or on the person's own server."""
        own = path.startswith(f"/user/{self.name}/")
        return (server_origin(self.hub_url, self.name) if own else self.hub_url) + path

    async def _run(self, script: str) -> str:
        terminal = self.request("POST", f"/user/{self.name}/api/terminals").json()["name"]
        mark = secrets.token_hex(6)
        # Encoded, so that the marks appear in the output but not in the terminal's echo.
        marked = f"echo begin-{mark}\n{script}\necho end-{mark}\n"
        typed = f"echo {base64.b64encode(marked.encode()).decode()} | base64 -d > /tmp/script; bash /tmp/script\n"
        address = self.address(f"/user/{self.name}/terminals/websocket/{terminal}").replace("http", "ws", 1)
        socket = await websocket_connect(HTTPRequest(address, headers={"Authorization": f"token {self.token}"}))
        printed = ""
        try:
            await socket.write_message(json.dumps(["stdin", typed]))
            while f"end-{mark}" not in printed:
                kind, *words = json.loads(await socket.read_message())
                printed += words[0] if kind == "stdout" else ""
        finally:
            socket.close()
            while await socket.read_message() is not None:
                pass  # wait until the connection is closed
            self.request("DELETE", f"/user/{self.name}/api/terminals/{terminal}")
        inside = re.search(rf"begin-{mark}\r?\n(.*)end-{mark}", printed, re.DOTALL)
        assert inside, printed
        return inside[1].replace("\r\n", "\n")


def shell_of(hub_url: str, name: str, password: str, typed: str = "") -> Shell:
    """Log in, start the server, and return a shell in it; `typed` is what the person types as their name."""
    shell = Shell(hub_url, name, token_of(hub_url, name, password, typed))
    shell.request("POST", f"/hub/api/users/{name}/server")
    deadline = time.monotonic() + START_SECONDS
    while shell.request("GET", f"/user/{name}/api/status").status_code != 200:
        assert time.monotonic() < deadline, f"{name}'s server did not start"
        time.sleep(0.2)
    return shell


def token_of(hub_url: str, name: str, password: str, typed: str = "") -> str:
    """Log in as in a browser, and return a token with all of its owner's rights."""
    with closing(browser_of(hub_url, name, password, typed)) as browser:
        browser.get("/hub/home")
        headers = {"X-XSRFToken": _xsrf(browser), "Referer": f"{hub_url}/hub/home"}
        made = browser.post(f"/hub/api/users/{name}/tokens", json={"note": "test", "expires_in": 3600}, headers=headers)
        assert made.status_code == 201, made.text
        return made.json()["token"]


def browser_of(hub_url: str, name: str, password: str, typed: str = "") -> httpx.Client:
    """Log in, and return a client that keeps its cookies, as a browser does."""
    browser = httpx.Client(base_url=hub_url, follow_redirects=True, timeout=60)
    browser.get("/hub/login")
    form = {"username": typed or name, "password": password, "_xsrf": _xsrf(browser)}
    answer = browser.post("/hub/login", data=form, follow_redirects=False)
    assert answer.status_code == 302, answer.text
    return browser


def _xsrf(browser: httpx.Client) -> str:
    return next(cookie.value for cookie in browser.cookies.jar if cookie.name == "_xsrf")
