"""A worker's side of the lines that `worker_process.py` describes."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def serve(work: object) -> None:
    """Do what the lines of standard input ask for, one after another, until there are no more."""
    for line in sys.stdin:
        asked = json.loads(line)
        operation = getattr(work, asked.pop("do"))
        gc.collect()
        print(json.dumps(asyncio.run(operation(**asked))), flush=True)


class Countdown:
    """A listener that waits for `count` items; it must be made where an event loop runs."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._done: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def heard(self, _item: Any) -> None:
        """Count one item."""
        self._left -= 1
        if self._left == 0:
            self._done.set_result(time.perf_counter())

    async def seconds_since(self, began: float) -> float:
        """Wait for all items; return how long after `began` the last one came."""
        return await self._done - began


def milliseconds_since(began: float) -> float:
    """Since a moment that `time.perf_counter` gave."""
    return (time.perf_counter() - began) * 1e3


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Half and 99 of 100 durations lie below, in microseconds; and how far these are apart."""
    ordered = sorted(seconds)
    p50, p99 = (ordered[int(len(ordered) * share)] * 1e6 for share in (0.5, 0.99))
    return {"p50": p50, "p99": p99, "p99/p50": p99 / p50}


def median(values: list[float]) -> float:
    """The one in the middle."""
    return sorted(values)[len(values) // 2]


def resident_bytes() -> int:
    """The memory that this process occupies."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
