"""Start and maintain the exchange: `python -m exchange
serve|backup|restore|fsck|migrate|rotate-key|public-key|openapi`.
"""

import sys

from exchange.service.commands import main

if __name__ == "__main__":
    sys.exit(main())
