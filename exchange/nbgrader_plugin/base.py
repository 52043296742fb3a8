"""What all eight classes share: the client, the course, nbgrader's way of writing times, and refusals as its errors."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from dateutil.tz import gettz
from nbgrader.exchange import abc
from traitlets import Bool, Float, Unicode, default

from exchange.client import ExchangeClient
from exchange.client.token import hub_token
from exchange.protocol.models import Refused, parse_utc


class Exchange(abc.Exchange):
    """An exchange over HTTP."""

    url = Unicode(help="Address of the exchange; EXCHANGE_URL by default.").tag(config=True)
    patience_seconds = Float(20.0, help="How long to retry a request that nobody answers.").tag(config=True)
    path_includes_course = Bool(False, help="Whether assignments are in COURSE/ASSIGNMENT instead of ASSIGNMENT.").tag(
        config=True
    )

    @default("url")
    def _url_default(self) -> str:
        return os.environ.get("EXCHANGE_URL", "")

    @property
    def course(self) -> str:
        """Give the course id, or fail."""
        course = self.coursedir.course_id
        if not course:
            self.fail("No course id specified. Re-run with --course flag.")
        return course

    @contextmanager
    def asking(self) -> Iterator[ExchangeClient]:
        """Give a client; refusals become nbgrader's ExchangeError with the whole message in the log."""
        token = hub_token(os.environ, "EXCHANGE_TOKEN")
        try:
            with ExchangeClient(self.url, token, patience_seconds=self.patience_seconds) as client:
                yield client
        except Refused as error:
            self.fail(str(error))

    def assignment_folder(self, course: str, assignment: str) -> Path:
        """Give the folder where a student works on an assignment."""
        parts = (course, assignment) if self.path_includes_course else (assignment,)
        return Path(self.assignment_dir, *parts).absolute()

    def timestamp_of(self, received_at: str) -> str:
        """Write a server time as nbgrader does (`Exchange.timezone`, `Exchange.timestamp_format`)."""
        return self.format_time(parse_utc(received_at))

    def format_time(self, moment: datetime) -> str:
        """Write a time as nbgrader does."""
        zone = gettz(self.timezone)
        if zone is None:
            self.fail(f"Invalid timezone: {self.timezone}")
        return moment.astimezone(zone).strftime(self.timestamp_format)

    def is_self(self, student: str) -> bool:
        """Tell whether a `--student` option names the caller, or nobody in particular."""
        return student in ("", "*", os.environ.get("JUPYTERHUB_USER", "*"))

    def init_src(self) -> None:
        """Nothing to prepare: each class looks where it copies from."""

    def init_dest(self) -> None:
        """Nothing to prepare: each class looks where it copies to."""
