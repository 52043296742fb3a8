"""Keep a version of a module's notebook whenever it is saved, and before anything else changes or removes it.

Promises: what was on disk is in the history before it is replaced, whoever wrote it; a version that can't be
kept never makes a save fail; if a save has no room, versions are deleted for it, oldest first.
"""

import asyncio
from pathlib import Path

from full_home import NO_ROOM
from full_home import Contents as FilesOfHome
from tito.history.keeping import AT_ONCE_BYTES, keep_file
from tito.history.places import modules_with_history, notebooks_at
from tito.history.room import give_up
from tito.history.versions import History
from tito.workspace import Workspace
from tornado import web


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(serverapp) -> None:
    serverapp.io_loop.add_callback(lambda: asyncio.to_thread(thin_all, Workspace.here()))


def thin_all(workspace: Workspace) -> None:
    """Delete versions that have expired while no server ran; what can't be read or written now is left for later."""
    for slug in modules_with_history(workspace):
        try:
            History(workspace, slug).thin()
        except OSError:
            return


class Contents(FilesOfHome):
    """The files of a home whose notebooks have a history."""

    async def save(self, model, path=""):
        part = model.get("chunk")  # of an upload in parts: 1 is the first, -1 the last
        if part in (None, 1):
            await self._keep(path, "found on disk")
        answer = await self._save(model, path)
        if part in (None, -1):
            await self._keep(path, "saved")
        return answer

    async def delete_file(self, path):
        await self._keep(path, "before it was deleted")
        return await super().delete_file(path)

    async def rename_file(self, old_path, new_path):
        await self._keep(old_path, "before it was renamed")
        await super().rename_file(old_path, new_path)
        await self._keep(new_path, "renamed")

    async def restore_checkpoint(self, checkpoint_id, path):
        await self._keep(path, "before a checkpoint")
        await super().restore_checkpoint(checkpoint_id, path)
        await self._keep(path, "reverted to a checkpoint")

    async def _save(self, model, path):
        while True:
            try:
                return await super().save(dict(model), path)
            except web.HTTPError as error:
                freed = error.status_code == NO_ROOM and await asyncio.to_thread(
                    give_up, Workspace.here(), AT_ONCE_BYTES
                )
                if not freed or model.get("chunk"):
                    raise

    async def _keep(self, path: str, why: str) -> None:
        await asyncio.to_thread(self._keep_now, self._get_os_path(path), why)

    def _keep_now(self, os_path: str, why: str) -> None:
        workspace, place = Workspace.here(), Path(os_path)
        home = workspace.package.parent
        if place.is_relative_to(home):
            for notebook in notebooks_at(workspace, place.relative_to(home).as_posix()):
                keep_file(workspace, notebook, why)
