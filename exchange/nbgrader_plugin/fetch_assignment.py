"""`nbgrader fetch_assignment` and the Assignment List's *Fetch*."""

from nbgrader.exchange import abc

from exchange.client import fetch_folder
from exchange.client.fetching import default_releases
from exchange.nbgrader_plugin.base import Exchange


class ExchangeFetchAssignment(Exchange, abc.ExchangeFetchAssignment):
    """Fetch a release; what is already there stays."""

    def copy_files(self) -> None:
        """Fetch into the folder of the assignment, and an untouched copy into `.releases`."""
        course, assignment = self.course, self.coursedir.assignment_id
        folder = self.assignment_folder(course, assignment)
        if folder.is_dir() and not self.replace_missing_files:
            self.fail(f"You already have a copy of the assignment in this directory: {folder.name}")
        with self.asking() as client:
            fetched = fetch_folder(client, course, assignment, folder, default_releases(), self.replace_missing_files)
        for path in fetched.written if fetched.kept else []:
            self.log.warning("Replacing missing file '%s'", path)
        self.log.info("Destination: %s", fetched.folder)
        self.log.info("Fetched as: %s %s", course, assignment)
