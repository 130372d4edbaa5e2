"""Latencies: their percentiles, and a histogram that fits a terminal."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
_STEPS = (1.0, 2.0, 5.0)
_BAR = "█"


class Latencies:
    """Durations in milliseconds."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def __len__(self) -> int:
        return len(self._values)

    def add(self, milliseconds: float) -> None:
        """Count one more; a negative one, which only differing clocks can make, counts as 0."""
        self._values.append(max(0.0, milliseconds))

    def percentiles(self) -> dict[str, float]:
        """The smallest, some percentiles and the largest; empty while there is none."""
        if not self._values:
            return {}
        self._values.sort()  # in place: what was sorted the last time is passed over
        ordered = self._values
        ranked = {
            name: ordered[max(0, math.ceil(share * len(ordered)) - 1)]
            for name, share in QUANTILES.items()
        }
        found = {"min": ordered[0], **ranked, "max": ordered[-1]}
        return {name: round(value, 3) for name, value in found.items()}

    def buckets(self) -> list[tuple[float, int]]:
        """Upper bounds that grow by 1, 2, 5, 10, …, and how many lie at or below each."""
        if not self._values:
            return []
        bounds = _bounds(min(self._values), max(self._values))
        counts = [0] * len(bounds)
        for value in self._values:
            counts[bisect_left(bounds, value)] += 1
        return list(zip(bounds, counts, strict=True))


def histogram(buckets: Sequence[tuple[float, int]], width: int) -> list[str]:
    """A line for each bucket, none longer than `width`."""
    most = max((count for _, count in buckets), default=0)
    labels = [f"{'≤':>3} {bound:>7g} ms {count:>8,} " for bound, count in buckets]
    room = max(1, width - max((len(label) for label in labels), default=0))
    return [
        f"{label}{_BAR * (math.ceil(count / most * room) if count else 0)}".rstrip()
        for label, (_, count) in zip(labels, buckets, strict=True)
    ]


def _bounds(low: float, high: float) -> list[float]:
    exponent = math.floor(math.log10(max(low, 0.01)))
    bounds: list[float] = []
    while not bounds or bounds[-1] < high:
        for step in _STEPS:
            bound = step * 10.0**exponent
            if bound >= low and (not bounds or bounds[-1] < high):
                bounds.append(round(bound, 10))
        exponent += 1
    return bounds
