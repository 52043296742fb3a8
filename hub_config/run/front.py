"""The one entrance: the Python proxy, which answers https itself if certificates are given.

The Python `configurable-http-proxy` refuses `--ssl-key`, drops a reverse proxy's headers about the browser, writes
`@` in a path as `%40`, ignores a request's host, and lets ten slow requests hold up everybody else's. This adds what
is missing; routing by path, web sockets and the API through which the Hub sets routes are the original's.
"""

import logging
import os
import ssl
from pathlib import Path
from typing import Any

import click
from configurable_http_proxy.configproxy import PythonProxy
from configurable_http_proxy.handlers import ProxyHandler
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.web import Application

# Simultaneous requests; a class of 50 asks for some hundred files when it arrives.
MOST_REQUESTS = 500
SLOWEST_ANSWER_SECONDS = 600.0  # a gradebook's export, a plan of a semester
FORWARDED = ("Forwarded", "X-Scheme", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Host")


class AtHost:
    """The proxy as requests for one host see it: the routes begin with a host."""

    def __init__(self, proxy: PythonProxy, host: str) -> None:
        self._proxy, self._host = proxy, host

    def __getattr__(self, name: str) -> Any:
        return getattr(self._proxy, name)

    def target_for_req(self, _: None, path: str) -> dict[str, str] | None:
        return self._proxy.target_for_req(self._host, "/" + path.lstrip("/"))


class Front(ProxyHandler):
    """Add to every request how the browser sent it; trust a reverse proxy's headers only if one is in front."""

    def initialize(self, proxy: PythonProxy, **options: Any) -> None:
        super().initialize(AtHost(proxy, self.request.host_name) if proxy.host_routing else proxy, **options)

    def _get_proxy_request(self, url: str) -> HTTPRequest:
        seen = {name: self.request.headers[name] for name in FORWARDED if name in self.request.headers}
        for name in seen:
            del self.request.headers[name]
        request = super()._get_proxy_request(url)
        request.headers["X-Forwarded-Host"] = request.headers.get("Host", "")
        request.headers["X-Forwarded-For"] = self.request.remote_ip or ""
        request.headers["X-Forwarded-Proto"] = self.request.protocol
        request.headers["X-Forwarded-Port"] = request.headers.get("Host", "").rpartition(":")[2]
        if not request.headers["X-Forwarded-Port"].isdecimal():
            request.headers["X-Forwarded-Port"] = "443" if self.request.protocol == "https" else "80"
        if self.proxy.options["behind_proxy"]:
            request.headers.update(seen)
        return request

    async def get_target_url(self, path: str) -> str | None:
        """Leave `@` as it is: the server of somebody whose name is a mail address answers only at that spelling."""
        url: str | None = await super().get_target_url(path)
        if url is None:
            return None
        where, mark, query = url.partition("?")
        return where.replace("%40", "@") + mark + query

    def open(self, *args: str, **kwargs: str) -> None:
        """Pass on each message immediately: held back until the last was acknowledged, a cell's answer took 40 ms."""
        self.set_nodelay(True)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--ip", required=True, help="Address to listen on.")
@click.option("--port", type=int, required=True, help="Port to listen on.")
@click.option("--api-port", type=int, required=True, help="Port of the Hub's API, on loopback.")
@click.option("--default-target", required=True, help="Where a request without a route goes: the Hub.")
@click.option("--error-target", required=True, help="Where error pages come from.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Private key, to answer https.")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate and its chain.")
@click.option(
    "--behind-proxy", is_flag=True, help="Trust X-Forwarded-Proto and similar headers from a reverse proxy in front."
)
@click.option("--host-routing", is_flag=True, help="Routes begin with a host: each server has its own domain.")
def main(ip: str, port: int, api_port: int, tls_key: Path | None, tls_cert: Path | None, **options) -> None:
    """Pass requests and web sockets on; CONFIGPROXY_AUTH_TOKEN guards the API.

    \b
    python -m hub_config.run.front --ip 127.0.0.1 --port 8000 --api-port 8001 \\
        --default-target http://127.0.0.1:8081 --error-target http://127.0.0.1:8081/hub/error
    """
    logging.getLogger("configurable_http_proxy").setLevel(logging.WARNING)
    # Only the simple client: it ignores proxies named in the environment, which would see every cookie.
    AsyncHTTPClient.configure(SimpleAsyncHTTPClient, max_clients=MOST_REQUESTS)
    token = os.environ["CONFIGPROXY_AUTH_TOKEN"]
    proxy = PythonProxy({**options, "auth_token": token, "proxy_timeout": SLOWEST_ANSWER_SECONDS})
    proxy.proxy_app = Application([(r"/(.*)", Front, {"proxy": proxy})])
    context = server_context(tls_key, tls_cert) if tls_key and tls_cert else None
    HTTPServer(proxy.proxy_app, ssl_options=context).listen(port, ip)
    HTTPServer(proxy.api_app).listen(api_port, "127.0.0.1")
    IOLoop.current().start()


def server_context(key: Path, cert: Path) -> ssl.SSLContext:
    """Return the TLS settings of a server with this key and certificate: TLS 1.2 or later."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    return context


if __name__ == "__main__":
    main()
