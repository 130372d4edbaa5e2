"""`python -m ably_local` is the command `ably-local`."""

import sys

from .cli import main

sys.exit(main())
