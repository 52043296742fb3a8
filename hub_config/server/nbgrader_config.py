"""nbgrader as a client of the exchange, in single-user servers."""

import os

from exchange.nbgrader_plugin import configure

c = get_config()  # type: ignore[name-defined]  # noqa: F821
c.CourseDirectory.course_id = os.environ["EXCHANGE_COURSE"]
configure(c)
