"""Soak `ably-local` and say whether its memory is flat: `python benchmarks/soak_server.py`.

docs/ably-local-performance.md says what the figures mean.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])  # the modules know each other as benchmarks.…
    from benchmarks.local.soak import main

    sys.exit(main())
