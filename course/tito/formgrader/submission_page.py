"""A student's notebook as a page for the grader, made outside the event loop: others are answered meanwhile."""

import asyncio
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import nbformat
from nbgrader.api import MissingEntry, SubmittedNotebook
from tornado import web

from tito.gradebook.void_marks import mark_voids
from tito.gradebook.voids import Void, voids_of
from tito.rendering.sanitize import SanitizingExporter

from .base import PageHandler
from .pages import submission_exporter
from .reading import WHICH
from .versions import state_of_flag

AT_ONCE = 3  # pages that are made at the same time, each with a process of its own


class SubmissionPages:
    """Threads that put pages together; the costly parts of a page are laid out in their renderers' processes."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pages")
        self._here = threading.local()

    def warm_up(self) -> None:
        """Begin to load what the first page needs."""
        self._threads.submit(lambda: self._exporter().renderer.render("markdown", "*ready*"))

    async def make(
        self, notebook: Path, resources: dict[str, Any], names: dict[str, Any], voided: Iterable[Void] = ()
    ) -> str:
        """Return the page of a graded notebook, with its void checks; `names` are what its template knows of the
        request.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._make, notebook, resources, names, voided)

    def _make(self, notebook: Path, resources: dict[str, Any], names: dict[str, Any], voided: Iterable[Void]) -> str:
        exporter = self._exporter()
        exporter.environment.globals.update(names)
        graded = nbformat.v4.reads(notebook.read_text(encoding="utf-8"))  # of ours: its schema need not be checked
        mark_voids(graded, voided)
        resources["metadata"] = {"name": notebook.stem, "path": str(notebook.parent)}
        page, _ = exporter.from_notebook_node(graded, resources=resources)
        return page

    def _exporter(self) -> SanitizingExporter:
        if not hasattr(self._here, "exporter"):
            self._here.exporter = submission_exporter()
        return self._here.exporter


class SubmissionHandler(PageHandler):
    """One submission with its fields for points and comments."""

    async def get(self, submission_id: str):
        try:
            submission = self.gradebook.find_submission_notebook_by_id(submission_id)
        except MissingEntry as error:
            raise web.HTTPError(404, "there is no such submission") from error
        if not self.request.path.endswith("/"):
            query = f"?{self.request.query}" if self.request.query else ""
            self.redirect(f"{self.request.path}/{query}", permanent=True)
            return
        resources = self._resources(submission)
        folder = self.course.course_dir / "autograded" / submission.student.id / resources["assignment_id"]
        notebook = folder / f"{resources['notebook_id']}.ipynb"
        if not notebook.is_file():
            self.set_status(404)
            self.write(self.render("formgrade_404.tpl", resources={**resources, "filename": str(notebook)}))
            return
        names = {"csp_nonce": self.csp_nonce, "page": self.page_facts()}
        voided = voids_of(self.gradebook, resources["assignment_id"])
        self.write(await self.settings["gateway_pages"].make(notebook, resources, names, voided))

    def _resources(self, submission: SubmittedNotebook) -> dict[str, Any]:
        """What nbgrader's own handler gives its template, and whether the submission is flagged."""
        assignment, notebook = submission.assignment.assignment.name, submission.notebook.name
        which = {name: self.get_argument(name, "") for name in WHICH}
        order = self.api.get_notebook_submission_indices(assignment, notebook)
        return {
            "assignment_id": assignment, "notebook_id": notebook, "submission_id": submission.id,
            "index": order.get(submission.id, -2), "total": len(order), "base_url": self.base_url,
            "student": submission.student.id, "last_name": submission.student.last_name,
            "first_name": submission.student.first_name, "flag": state_of_flag(self.gradebook, submission),
            "next_to_read": f"reading/{assignment}/next?{urlencode({**which, 'after': submission.id})}",
        }  # fmt: skip
