"""nbgrader's own commands and JupyterLab extensions with the exchange: put two lines into `nbgrader_config.py`.

    from exchange.nbgrader_plugin import configure
    configure(c)

The address comes from EXCHANGE_URL, the course from EXCHANGE_COURSE, the token from COURSE_TOKEN or
JUPYTERHUB_API_TOKEN; each can be set in the configuration instead (`c.Exchange.url`, `c.CourseDirectory.course_id`).
"""

import os

from traitlets.config import Config

from exchange.nbgrader_plugin.auth import ExchangeAuthPlugin
from exchange.nbgrader_plugin.base import Exchange
from exchange.nbgrader_plugin.collect import ExchangeCollect
from exchange.nbgrader_plugin.feedback import ExchangeFetchFeedback, ExchangeReleaseFeedback
from exchange.nbgrader_plugin.fetch_assignment import ExchangeFetchAssignment
from exchange.nbgrader_plugin.listing import ExchangeList
from exchange.nbgrader_plugin.release_assignment import ExchangeReleaseAssignment
from exchange.nbgrader_plugin.submit import ExchangeSubmit

CLASSES = {
    "exchange": Exchange,
    "fetch_assignment": ExchangeFetchAssignment,
    "fetch_feedback": ExchangeFetchFeedback,
    "release_assignment": ExchangeReleaseAssignment,
    "release_feedback": ExchangeReleaseFeedback,
    "list": ExchangeList,
    "submit": ExchangeSubmit,
    "collect": ExchangeCollect,
}


def configure(c: Config) -> None:
    """Set nbgrader's eight exchange classes and its list of courses, and the course id if EXCHANGE_COURSE names
    one.
    """
    for name, kind in CLASSES.items():
        setattr(c.ExchangeFactory, name, kind)
    c.Authenticator.plugin_class = ExchangeAuthPlugin
    if course := os.environ.get("EXCHANGE_COURSE"):
        c.CourseDirectory.course_id = course


__all__ = ["CLASSES", "ExchangeAuthPlugin", "configure", *(kind.__name__ for kind in CLASSES.values())]
