"""Correctness and speed of the delta decoder, on deltas made by xdelta3.

Run it with `python3 benchmarks/delta_decoder.py`; it needs `xdelta3` on the path and the `delta`
extra. It ends with exit code 1 if a delta was decoded wrongly.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from ably_realtime.delta import default_decoder

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000)
FLAGS = (("-S", "none", "-A", "-n"), ("-S", "none", "-A"))  # without and with a checksum
REPETITIONS = 5


def text(size: int, rng: random.Random) -> bytes:
    """JSON of about that size."""
    items = [{"id": i, "name": f"item {i}", "value": rng.random()} for i in range(size // 60 + 1)]
    return (json.dumps(items) * 2).encode()[:size]


def noise(size: int, rng: random.Random) -> bytes:
    """Bytes that do not compress."""
    return rng.randbytes(size)


def edited(base: bytes, rng: random.Random) -> bytes:
    """The same with a few cuts and insertions."""
    target = bytearray(base)
    for _ in range(len(base) // 2_000 + 1):
        at = rng.randrange(len(target))
        target[at : at + rng.randrange(20)] = rng.randbytes(rng.randrange(20))
    return bytes(target)


def xdelta3(base: bytes, target: bytes, flags: tuple[str, ...]) -> bytes:
    """The delta from one to the other."""
    with tempfile.TemporaryDirectory() as folder:
        source, wanted, delta = (Path(folder) / name for name in ("base", "target", "delta"))
        source.write_bytes(base)
        wanted.write_bytes(target)
        command = ["xdelta3", "-e", "-f", *flags, "-s", str(source), str(wanted), str(delta)]
        subprocess.run(command, check=True)  # noqa: S603  # the arguments are ours
        return delta.read_bytes()


def measure(make: Callable[[int, random.Random], bytes], size: int) -> tuple[int, float]:
    """How many deltas were decoded wrongly, and the median milliseconds of decoding one."""
    decoder = default_decoder()
    assert decoder is not None, "install ably-realtime[delta]"
    rng = random.Random(size)  # noqa: S311  # the same work every time
    wrong, durations = 0, []
    for _ in range(REPETITIONS):
        base = make(size, rng)
        target = edited(base, rng)
        for flags in FLAGS:
            delta = xdelta3(base, target, flags)
            began = time.perf_counter()
            wrong += decoder.decode(delta, base) != target
            durations.append((time.perf_counter() - began) * 1000)
    return wrong, median(durations)


def main() -> int:
    """Print a line for each size and kind; return the exit code."""
    failures = 0
    for size in SIZES:
        for make in (text, noise):
            wrong, duration = measure(make, size)
            failures += wrong
            print(f"{size:>9,} B  {make.__name__:<5}  {duration:8.2f} ms  {wrong} wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
