"""`python -m ably_realtime` is the command `ably-realtime`."""

import sys

from .cli import main

sys.exit(main())
