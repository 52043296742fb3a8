"""nbgrader as a client of the exchange, in single-user servers."""

import os

from tito.history.keeping import keep_notebook
from tito.workspace import Workspace

from exchange.nbgrader_plugin import ExchangeSubmit, configure

c = get_config()  # type: ignore[name-defined]  # noqa: F821
c.CourseDirectory.course_id = os.environ["EXCHANGE_COURSE"]
configure(c)


class KeptSubmit(ExchangeSubmit):
    """Submit; the notebook's history keeps what is submitted."""

    def copy_files(self):
        keep_notebook(Workspace.here(), self.coursedir.assignment_id, "before submitting")
        super().copy_files()


c.ExchangeFactory.submit = KeptSubmit
