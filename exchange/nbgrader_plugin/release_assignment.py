"""`nbgrader release_assignment` and the formgrader's *Release*."""

import fnmatch
from pathlib import Path

from nbgrader.exchange import abc

from exchange.client.transfer import list_folder
from exchange.nbgrader_plugin.base import Exchange
from exchange.protocol.paths import is_ignored


class ExchangeReleaseAssignment(Exchange, abc.ExchangeReleaseAssignment):
    """Release the files of the course's release folder."""

    def init_src(self) -> None:
        """Find the generated release."""
        assignment = self.coursedir.assignment_id
        self.src_path = self.coursedir.format_path(self.coursedir.release_directory, ".", assignment)
        source = self.coursedir.format_path(self.coursedir.source_directory, ".", assignment)
        if not Path(self.src_path).is_dir():
            if Path(source).is_dir():
                self.fail(
                    f"Assignment found in '{source}' but not '{self.src_path}', "
                    "run `nbgrader generate_assignment` first."
                )
            self.fail(f"Assignment not found at: {self.src_path}")

    def copy_files(self) -> None:
        """Release; replacing released files with others needs --force."""
        course, assignment, folder = self.course, self.coursedir.assignment_id, Path(self.src_path)
        paths = [p for p in list_folder(folder) if not is_ignored(p) and not self._ignored(p)]
        with self.asking() as client:
            released = client.release(course, assignment, folder, force=self.force, paths=paths)
        self.log.info("Source: %s", folder)
        self.log.info("Released as: %s %s", course, assignment)
        if released.state == "announced":
            self.log.info("Students see it from %s on", released.released_at)

    def _ignored(self, path: str) -> bool:
        return any(fnmatch.fnmatch(part, pattern) for part in path.split("/") for pattern in self.coursedir.ignore)
