"""Measure this client beside the others; `python benchmarks/run.py [quick] [--only NAME]`.

README.md says what the figures mean.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])  # the modules know each other as benchmarks.…
    from benchmarks.session import main

    sys.exit(main())
