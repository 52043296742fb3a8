"""How the Hub asks an identity provider if the only way out of its network is a proxy.

Providers are elsewhere, so these requests go through the proxy named in the environment, which tornado's client
ignores. Nothing of the Hub's own may be requested through this.
"""

import io
import urllib.request
from urllib.parse import urlsplit

import httpx
from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders

NO_ANSWER = 599  # tornado's status for it
TIMEOUT_SECONDS = 20.0


class ProviderClient:
    """The one call of tornado's client that oauthenticator makes."""

    def __init__(self, validate_cert: bool = True) -> None:
        self._verify = validate_cert

    async def fetch(self, request: HTTPRequest, raise_error: bool = True) -> HTTPResponse:
        """Return the answer; raise HTTPClientError without one, and for an error status if `raise_error`."""
        try:
            async with self._client(request.url) as client:
                answer = await client.request(
                    request.method, request.url, content=request.body, headers=dict(request.headers)
                )
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError) as error:  # the last: SOCKS needs a package
            raise HTTPClientError(NO_ANSWER, f"{type(error).__name__}: {error}") from error
        headers = HTTPHeaders({"Content-Type": answer.headers.get("Content-Type", "")})
        response = HTTPResponse(request, answer.status_code, headers, io.BytesIO(answer.content))
        if raise_error:
            response.rethrow()
        return response

    def _client(self, url: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            trust_env=False,  # httpx fails on a `no_proxy` that others accept
            proxy=proxy_for(url),
            verify=httpx.create_ssl_context(verify=self._verify),
            follow_redirects=True,
            timeout=TIMEOUT_SECONDS,
        )


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for an address, as Python itself reads `no_proxy`."""
    address, proxies = urlsplit(url), urllib.request.getproxies_environment()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass(address.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
