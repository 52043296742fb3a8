"""`python -m hub_config.home`: serve the home page where the Hub's supervisor says, until SIGTERM."""

import sys

import uvicorn

from exchange.hub.logs import set_up_logs
from hub_config.home.app import create_app
from hub_config.home.settings import MissingSettings, load_settings


def main() -> None:
    """Serve; report missing settings without a traceback."""
    try:
        settings = load_settings()
    except MissingSettings as error:
        sys.exit(f"home: {error}")
    set_up_logs("home")
    app = create_app(settings)
    uvicorn.run(app, host=settings.host, port=settings.port, log_config=None, log_level="warning")


if __name__ == "__main__":
    main()
