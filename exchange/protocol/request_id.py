"""One number for everything that follows from one request: in every service's log, and on the page of a refusal.

A service takes the number that it is given or makes one, and passes it on to the services that it calls.
"""

import re
import secrets
from collections.abc import Mapping
from contextvars import ContextVar

REQUEST_ID_HEADER = "X-Request-ID"
ALLOWED = re.compile(r"[0-9A-Za-z-]{8,64}")  # a number that a stranger sends goes into logs
_current: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """Return the number of the request that is being answered, "" outside of one."""
    return _current.get()


def begin_request(given: str = "") -> str:
    """Begin to answer a request under the number that came with it, or a new one; return the number."""
    number = given if ALLOWED.fullmatch(given) else secrets.token_hex(8)
    _current.set(number)
    return number


def passed_on() -> Mapping[str, str]:
    """Return the header that tells another service the number."""
    number = current_request_id()
    return {REQUEST_ID_HEADER: number} if number else {}
