"""A server extension: JupyterLab's page asks for what it uses, and for its largest script before anything else.

JupyterLab's page loads every labextension that is installed, and then leaves alone those that are disabled. Its largest
script is asked for by a script that is asked for by a script; a browser on a slow line would wait for each in turn.
"""

from functools import cache
from pathlib import Path
from typing import Any

LARGEST = "jlab_core.*.js"


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(serverapp) -> None:
    # JupyterHub's extension sets a hook of its own, before or after: ours follows it once all are loaded.
    serverapp.io_loop.add_callback(follow, serverapp.web_app.settings)


def follow(settings: dict[str, Any]) -> None:
    """Let our change to the page's configuration come after what is set already."""
    earlier = settings.get("page_config_hook")

    def both(handler, page_config: dict[str, Any]) -> dict[str, Any]:
        return prepare(handler, earlier(handler, page_config) if earlier else page_config)

    settings["page_config_hook"] = both


def prepare(handler, page_config: dict[str, Any]) -> dict[str, Any]:
    """Return the page's configuration without what is disabled; tell the browser what it will need."""
    for script in largest(handler.extensionapp.static_dir):
        handler.set_header("Link", f"<{page_config['fullStaticUrl']}/{script}>; rel=preload; as=script")
    return {**page_config, "federated_extensions": enabled(page_config)}


def enabled(page_config: dict[str, Any]) -> list[dict[str, Any]]:
    """Leave out labextensions that are disabled as a whole."""
    disabled = set(page_config.get("disabledExtensions", ()))
    return [each for each in page_config.get("federated_extensions", ()) if each["name"] not in disabled]


@cache
def largest(static: str) -> list[str]:
    """Return the script as the page will ask for it, with its hash once more; none where it goes by another name."""
    found = Path(static).glob(LARGEST)
    return [f"{path.name}?v={path.name.split('.')[1]}" for path in found]
