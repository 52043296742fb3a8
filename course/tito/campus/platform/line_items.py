"""Assignment and Grade Services: this Hub's columns in a platform's gradebook."""

from collections.abc import Iterator
from typing import Any

from tito.campus.platform.addresses import check_address, with_query
from tito.campus.platform.client import TRIES, PlatformClient
from tito.campus.platform.errors import PlatformRefused, PlatformSilent, PlatformUntrue

SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
MEDIA = "application/vnd.ims.lis.v2.lineitem+json"
LIST_MEDIA = "application/vnd.ims.lis.v2.lineitemcontainer+json"
TAG = "tinytorch"


def find_line_items(client: PlatformClient, url: str) -> dict[str, str]:
    """Return the addresses of our columns in the gradebook at `url`, by resource id."""
    found: dict[str, str] = {}
    for item in _items(client, with_query(url, f"tag={TAG}")):
        resource, address = item.get("resourceId"), item.get("id")
        if item.get("tag") == TAG and isinstance(resource, str) and isinstance(address, str):
            check_address(address)
            found.setdefault(resource, address)
    return found


def find_or_create_line_item(client: PlatformClient, url: str, resource: str, label: str, maximum: float) -> str:
    """Return the address of our column for `resource`, made if need be.

    If the answer to making it is lost, the platform is asked what it has before one is made again: never two.
    """
    last: PlatformSilent | None = None
    for _ in range(TRIES):
        if found := find_line_items(client, url).get(resource):
            return found
        try:
            return _create(client, url, {"label": label, "scoreMaximum": maximum, "resourceId": resource, "tag": TAG})
        except PlatformSilent as silent:
            last = silent
    assert last is not None
    raise last


def _create(client: PlatformClient, url: str, body: dict[str, Any]) -> str:
    said = client.ask("POST", url, SCOPE, MEDIA, body, tries=1).json()
    address = said.get("id") if isinstance(said, dict) else None
    if not isinstance(address, str):
        raise PlatformUntrue(f"{url} made a column but did not return its address")
    check_address(address)
    return address


def is_there(client: PlatformClient, address: str) -> bool:
    """Tell whether a column is still in the gradebook."""
    try:
        client.ask("GET", address, SCOPE, MEDIA)
    except PlatformRefused as refused:
        if refused.status in (404, 410):
            return False
        raise
    return True


def _items(client: PlatformClient, url: str) -> Iterator[dict[str, Any]]:
    for page in client.pages(url, SCOPE, LIST_MEDIA):
        if not isinstance(page, list):
            raise PlatformUntrue(f"{url} did not answer with a list of columns")
        yield from (item for item in page if isinstance(item, dict))
