"""Whether something that was measured again and again grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression, median

TOLERANCE = 0.02
"""Growth over the time that counts, as a share of the level."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A process at one moment, in seconds since the beginning."""

    seconds: float
    resident_bytes: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Trend:
    """How a value went on after the warm-up.

    `level` is its median; `growth` is what a straight line through the values rises by from the
    warm-up to the end.
    """

    level: float
    growth: float

    @property
    def is_flat(self) -> bool:
        """Whether it grew by no more than the tolerance. Falling is flat."""
        return self.growth <= self.level * TOLERANCE


def trend(samples: Sequence[Sample], warm_up: float) -> Trend:
    """How the memory went on; ValueError if fewer than two samples are from after the warm-up."""
    counted = [sample for sample in samples if sample.seconds >= warm_up]
    if len(counted) < 2:
        raise ValueError("the warm-up leaves fewer than two samples")
    seconds = [sample.seconds for sample in counted]
    values = [sample.resident_bytes for sample in counted]
    slope, _ = linear_regression(seconds, values)
    return Trend(median(values), slope * (seconds[-1] - seconds[0]))
