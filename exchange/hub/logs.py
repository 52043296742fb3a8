"""What a service writes into its log: lines for people or, for programs, one JSON object per line (LOG_FORMAT).

Both include the request's number, so that a failed request can be found in every service that had a part in it.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Mapping

from exchange.protocol.request_id import current_request_id

FORMATS = ("text", "json")
TEXT = "%(asctime)s %(name)s %(levelname)s %(request)s%(message)s"


def set_up_logs(service: str, environ: Mapping[str, str] = os.environ) -> None:
    """Send everything that this process logs to standard error, in the chosen format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service) if environ.get("LOG_FORMAT") == "json" else TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for talkative in ("httpx", "uvicorn.access"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


class TextLines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__(TEXT)

    def format(self, record: logging.LogRecord) -> str:
        number = current_request_id()
        record.request = f"[{number}] " if number else ""
        return super().format(record)


class JsonLines(logging.Formatter):
    """Each line is an object: time, level, service, logger, message, and request and error if there are any."""

    converter = time.gmtime  # type: ignore[assignment]

    # The Hub's is made by `logging` itself, which passes a format and more; none of it is needed here.
    def __init__(self, service: str = "hub", *_given: object, **_more: object) -> None:
        super().__init__(datefmt="%Y-%m-%dT%H:%M:%SZ")
        self._service = service if service.isidentifier() else "hub"

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, self.datefmt),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if number := current_request_id():
            line["request"] = number
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
