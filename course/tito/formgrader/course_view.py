"""The course as nbgrader's API sees it: a fixed configuration, given by the place and never read from a course tree."""

import logging
from pathlib import Path

from nbgrader.apps.api import NbGraderAPI
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from tito.gradebook.file import gradebook_url


class CourseView:
    def __init__(self, course_dir: Path, course_id: str, released):
        self.course_dir, self.course_id = course_dir, course_id
        self.released = released
        config = Config()
        config.CourseDirectory.root = str(course_dir)
        config.CourseDirectory.course_id = course_id
        config.CourseDirectory.db_url = gradebook_url(course_dir)
        self.config = config
        self.coursedir = CourseDirectory(config=config)
        self.db_url = self.coursedir.db_url

    def api(self) -> "CourseAPI":
        return CourseAPI(self)


class CourseAPI(NbGraderAPI):
    """nbgrader's view of assignments and submissions, asking our exchange what is released, and no shared directory."""

    def __init__(self, view: CourseView):
        logging.getLogger("traitlets").setLevel(logging.WARNING)
        super(NbGraderAPI, self).__init__(config=view.config)
        self.coursedir = view.coursedir
        self.authenticator = Authenticator(config=view.config)
        self.course_id = view.course_id
        self.exchange_root = ""
        self.exchange_missing = False
        self._released = view.released

    def _filter_existing_notebooks(self, assignment_id: str, notebooks: list) -> list:
        """Keep the submitted notebooks that have been autograded (nbgrader asks a Submit class for the name)."""
        graded = self.coursedir.autograded_directory

        def there(notebook) -> bool:
            folder = self.coursedir.format_path(graded, notebook.student.id, assignment_id)
            return Path(folder, f"{notebook.name}.ipynb").is_file()

        return sorted(filter(there, notebooks), key=lambda notebook: notebook.id)

    def get_released_assignments(self) -> set[str]:
        return self._released()
