"""`python -m hub_config`: see `hub_config.cli`."""

import sys

from hub_config.cli import main

sys.exit(main())
