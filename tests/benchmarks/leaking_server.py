"""`ably-local` with a leak: ten megabytes a second that only a forgotten list refers to."""

from __future__ import annotations

import sys
import threading

from ably_local.cli import main

lost: list[bytes] = []


def leak(stopped: threading.Event) -> None:
    while not stopped.wait(0.02):
        lost.append(bytes(200_000).replace(b"\0", b"x"))  # pages that are only zeros take no room


threading.Thread(target=leak, args=(threading.Event(),), daemon=True).start()
sys.exit(main())
