"""A Kubernetes API server for tests: it stores objects, notifies watchers, and records each request.

It has no machines. A test decides (`fate`) what happens to a pod: running, pending, or an image that never comes.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from aiohttp import web

NAMESPACE = "/api/v1/namespaces/{namespace}"
PLURALS = {"pods": "Pod", "persistentvolumeclaims": "PersistentVolumeClaim", "events": "Event"}
VERBS = {"GET": "get", "POST": "create", "DELETE": "delete"}
Status = dict[str, Any]


class ApiServer:
    """Stores objects by kind and name; `asked` lists the verb and plural of each request."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, dict]] = {plural: {} for plural in PLURALS}
        self.asked: list[tuple[str, str]] = []
        self.fate: Callable[[dict], Status] = pending
        self.events_of_pods: list[dict] = []
        self.refuses = ""
        self.url = ""
        self._watchers: dict[str, list[asyncio.Queue]] = {plural: [] for plural in PLURALS}
        self._version = 0
        self._told: dict[str, list[tuple[int, str]]] = {plural: [] for plural in PLURALS}

    def begin(self, fate: Callable[[dict], Status], *events: dict) -> None:
        """Clear the record of requests; pods created from now on get this fate and these events."""
        self.asked.clear()
        self.refuses = ""
        self.fate, self.events_of_pods = fate, list(events)

    def pods(self) -> dict[str, dict]:
        return self.objects["pods"]

    def claims(self) -> dict[str, dict]:
        return self.objects["persistentvolumeclaims"]

    def app(self) -> web.Application:
        app = web.Application()
        for plural in PLURALS:
            app.router.add_get(f"{NAMESPACE}/{plural}", self._list)
            app.router.add_post(f"{NAMESPACE}/{plural}", self._create)
            app.router.add_get(f"{NAMESPACE}/{plural}/{{name}}", self._read)
            app.router.add_delete(f"{NAMESPACE}/{plural}/{{name}}", self._delete)
        return app

    async def _list(self, request: web.Request) -> web.StreamResponse:
        plural = self._plural(request)
        watches = request.query.get("watch") in ("true", "True", "1")
        self.asked.append(("watch" if watches else "list", plural))
        if watches:
            return await self._watch(request, plural)
        items = list(self.objects[plural].values())
        return web.json_response({"items": items, "metadata": {"resourceVersion": str(self._version)}})

    async def _watch(self, request: web.Request, plural: str) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        queue: asyncio.Queue = asyncio.Queue()
        since = int(request.query.get("resourceVersion") or self._version)
        for version, told in self._told[plural]:  # events between the list and this watch
            if version > since:
                queue.put_nowait(told)
        self._watchers[plural].append(queue)
        with suppress(ConnectionResetError):  # the watcher has gone
            while told := await queue.get():
                await answer.write(told.encode() + b"\n")
        self._watchers[plural].remove(queue)
        return answer

    async def _create(self, request: web.Request) -> web.Response:
        plural = self._plural(request)
        self.asked.append(("create", plural))
        if self.refuses:
            return _refused(403, self.refuses)
        made = await request.json()
        if made["metadata"]["name"] in self.objects[plural]:
            return _refused(409, "AlreadyExists")
        made["metadata"] |= {"namespace": request.match_info["namespace"]}
        if plural == "pods":  # as in Kubernetes, a pod always has a status
            made["status"] = pending(made)
        self._keep(plural, "ADDED", made)
        answer = json.dumps(made)
        if plural == "pods":
            made["status"] = self.fate(made)
            self._keep(plural, "MODIFIED", made)
            for number, event in enumerate(self.events_of_pods):
                self._keep("events", "ADDED", _event_of(made, number) | event)
        return web.Response(text=answer, status=201, content_type="application/json")

    async def _read(self, request: web.Request) -> web.Response:
        plural = self._plural(request)
        self.asked.append(("get", plural))
        found = self.objects[plural].get(request.match_info["name"])
        return web.json_response(found) if found else _refused(404, "NotFound")

    async def _delete(self, request: web.Request) -> web.Response:
        plural = self._plural(request)
        self.asked.append(("delete", plural))
        found = self.objects[plural].pop(request.match_info["name"], None)
        if found is None:
            return _refused(404, "NotFound")
        self._tell(plural, "DELETED", found)
        return web.json_response({"kind": "Status", "status": "Success"})

    def _keep(self, plural: str, what: str, made: dict) -> None:
        made["metadata"].setdefault("uid", f"uid-{self._version}")
        self.objects[plural][made["metadata"]["name"]] = made
        self._tell(plural, what, made)

    def _tell(self, plural: str, what: str, made: dict) -> None:
        self._version += 1
        made["metadata"]["resourceVersion"] = str(self._version)
        told = json.dumps({"type": what, "object": made})
        self._told[plural].append((self._version, told))
        for queue in self._watchers[plural]:
            queue.put_nowait(told)

    def end_watches(self) -> None:
        for queues in self._watchers.values():
            for queue in list(queues):
                queue.put_nowait(None)

    @staticmethod
    def _plural(request: web.Request) -> str:
        return request.path.removeprefix("/api/v1/namespaces/").split("/")[1]


def pending(pod: dict) -> Status:
    return {"phase": "Pending"}


def running(pod: dict) -> Status:
    """Return the status of a running pod, with this machine's address, so that a server of the test answers there."""
    return {"phase": "Running", "podIP": "127.0.0.1", "containerStatuses": [_container(pod, True, {"running": {}})]}


def waiting(reason: str) -> Callable[[dict], Status]:
    def fate(pod: dict) -> Status:
        return pending(pod) | {"containerStatuses": [_container(pod, False, {"waiting": {"reason": reason}})]}

    return fate


def ended(code: int) -> Callable[[dict], Status]:
    def fate(pod: dict) -> Status:
        status = _container(pod, False, {"terminated": {"exitCode": code}})
        return {"phase": "Failed", "podIP": None, "containerStatuses": [status]}

    return fate


def event(reason: str, message: str) -> dict:
    return {"reason": reason, "message": message, "type": "Normal"}


def _container(pod: dict, ready: bool, state: dict) -> dict:
    return {"name": "notebook", "ready": ready, "state": state, "image": pod["spec"]["containers"][0]["image"]}


def _event_of(pod: dict, number: int) -> dict:
    name = f"{pod['metadata']['name']}.{pod['metadata']['uid']}.{number}"
    return {
        "metadata": {"name": name, "namespace": pod["metadata"]["namespace"]},
        "involvedObject": {"kind": "Pod", "name": pod["metadata"]["name"]},
        "lastTimestamp": f"2026-11-30T10:00:0{number}Z",
        "eventTime": None,
    }


def _refused(code: int, reason: str) -> web.Response:
    return web.json_response({"kind": "Status", "status": "Failure", "reason": reason, "message": reason}, status=code)


@contextmanager
def running_api_server() -> Iterator[ApiServer]:
    """Run one in a separate thread, where the spawner can't block it."""
    server, started, stop = ApiServer(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        runner = web.AppRunner(server.app(), shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        started.set()
        await stop.wait()
        server.end_watches()
        await runner.cleanup()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=[serve()], daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
