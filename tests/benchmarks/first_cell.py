"""From a running server to the first executed cell, as JupyterLab does it: a kernel, a channel, a request."""

import json
import uuid

from websocket import create_connection

from tests.benchmarks.docker_hubs import PATIENCE_SECONDS, BenchHub


def run_first_cell(hub: BenchHub, name: str) -> None:
    """Start a kernel on a person's server and return when it has answered `1`."""
    address = f"{hub.url}/user/{name}/api/kernels"
    with hub.ask("POST", address, {"name": "python3"}) as answer:
        kernel = json.load(answer)["id"]
    session = uuid.uuid4().hex
    channel = create_connection(
        f"{address.replace('http:', 'ws:')}/{kernel}/channels?session_id={session}",
        timeout=PATIENCE_SECONDS,
        header=[f"Authorization: token {hub.token}"],
    )
    try:
        channel.send(json.dumps(_request(session)))
        while not _is_reply(json.loads(channel.recv())):
            pass
    finally:
        channel.close()


def _request(session: str) -> dict:
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": session}
    header |= {"version": "5.3", "date": "2026-01-01T00:00:00Z"}
    content = {"code": "1", "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}


def _is_reply(message: dict) -> bool:
    if message["msg_type"] != "execute_reply":
        return False
    if message["content"]["status"] != "ok":
        raise RuntimeError(f"the first cell failed: {message['content']}")
    return True
