"""Ask a platform: with a token of the right scope, at its own pace, and page by page.

Passing failures (too many requests, out of order, an expired token) are waited out or repaired here, a few times. One
that lasts is raised as PlatformSilent, and the caller tries again later.
"""

import email.utils
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from tito.campus.platform.addresses import authorities, check_address, check_next
from tito.campus.platform.errors import PlatformRefused, PlatformSilent, PlatformUntrue
from tito.campus.platform.tokens import Tokens

TRIES = 4
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0  # if a platform wants more, it is asked in the next round
TIMEOUT_SECONDS = 30.0
MOST_PAGES = 1000
BUSY = 429


class PlatformClient:
    """One platform; `http` is made by `outside`, `pause` waits for a number of seconds."""

    def __init__(self, tokens: Tokens, http: httpx.Client, pause: Callable[[float], object] = time.sleep) -> None:
        self._tokens, self._http, self._pause = tokens, http, pause

    def close(self) -> None:
        self._http.close()

    def ask(
        self, method: str, url: str, scope: str, media: str, body: Any = None, tries: int = TRIES
    ) -> httpx.Response:
        """Send a request and return the answer, a success; raise PlatformSilent or PlatformRefused.

        Give one try to what must not be done twice: the answer may be lost after it was done.
        """
        check_address(url)
        last: PlatformSilent | None = None
        for number in range(tries):
            if last is not None:
                self._pause(_pause_before(last, number))
            try:
                return self._once(method, url, scope, media, body)
            except PlatformSilent as silent:
                last = silent
        assert last is not None
        raise last

    def pages(self, url: str, scope: str, media: str) -> Iterator[Any]:
        """Yield the content of each page, with one request per page."""
        following: str | None = url
        seen: set[str] = set()
        while following is not None:
            if len(seen) >= MOST_PAGES:
                raise PlatformUntrue(f"{url} has more than {MOST_PAGES} pages")
            seen.add(following)
            answer = self.ask("GET", following, scope, media)
            yield _json(answer)
            following = _next_page(answer)
            if following is not None:
                check_next(url, following, seen)

    def _once(self, method: str, url: str, scope: str, media: str, body: Any) -> httpx.Response:
        answer = self._send(method, url, scope, media, body)
        if answer.status_code == httpx.codes.UNAUTHORIZED:  # the token has expired early, or was revoked
            self._tokens.forget(scope)
            answer = self._send(method, url, scope, media, body)
        if answer.status_code == BUSY or answer.is_server_error:
            raise PlatformSilent(f"{url} answered {answer.status_code}", _retry_after(answer))
        if not answer.is_success:
            status = answer.status_code
            raise PlatformRefused(f"the platform refused {method} {url}: {status} {_why(answer)}", status)
        return answer

    def _send(self, method: str, url: str, scope: str, media: str, body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._tokens.bearer(self._http, scope)}", "Accept": media}
        headers |= {} if body is None else {"Content-Type": media}
        try:
            return self._http.request(method, url, headers=headers, json=body)
        except httpx.HTTPError as error:
            raise PlatformSilent(f"{url} does not answer ({type(error).__name__}: {error})") from error


def outside(proxy: str | None = None) -> httpx.Client:
    """Return a client for somebody else's server: through `proxy` if need be, and never following redirects."""
    return httpx.Client(
        trust_env=False, verify=authorities(), proxy=proxy or None, timeout=TIMEOUT_SECONDS, follow_redirects=False
    )


def _why(answer: httpx.Response) -> str:
    """Return the platform's reason, which Moodle gives as JSON, or in the status line next to an empty list."""
    try:
        said = answer.json()
    except ValueError:
        said = answer.text
    if isinstance(said, dict) and isinstance(said.get("reason"), str):
        said = said["reason"]
    text = said if isinstance(said, str) else answer.text if said else ""
    return " ".join((text.strip() or answer.reason_phrase).split())[:200]


def _pause_before(last: PlatformSilent, number: int) -> float:
    if last.after_seconds > LONGEST_PAUSE_SECONDS:
        raise last
    return last.after_seconds or FIRST_PAUSE_SECONDS * 2 ** (number - 1)


def _retry_after(answer: httpx.Response) -> float:
    """Read Retry-After: seconds, or a date."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdigit():
        return float(said)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0


def _next_page(answer: httpx.Response) -> str | None:
    link = answer.links.get("next", {}).get("url")
    return str(answer.url.join(link)) if link else None


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise PlatformUntrue(f"{answer.url} did not answer with JSON") from None
