"""What a run measured, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from benchmarks.catalogue import Contender, Measure, Workload


@dataclass(slots=True)
class Samples:
    """One measure of one workload: a value for each repetition of each contender."""

    workload: Workload
    measure: Measure
    title: str
    values: dict[str, list[float]] = field(default_factory=dict)

    def median(self, contender: str) -> float | None:
        """The value in the middle; None if the contender has none."""
        values = self.values.get(contender)
        return median(values) if values else None

    def spread(self, contender: str) -> float | None:
        """Half the distance between the extremes, as a share of the median; None if that is 0."""
        values = self.values.get(contender)
        middle = self.median(contender)
        return (max(values) - min(values)) / 2 / middle if values and middle else None

    def advantage(self, ours: Contender, other: Contender) -> float | None:
        """How many times better than another this client is, by the medians."""
        own, theirs = self.median(ours), self.median(other)
        if not self.measure.compared or not own or not theirs:
            return None
        return own / theirs if self.measure.more_is_better else theirs / own

    def wanted(self, ours: Contender, other: Contender) -> float | None:
        """The advantage that is the target."""
        target = self.measure.target_of(ours)
        return target.ably if other is Contender.ABLY else target.ably_js

    def reached(self, ours: Contender, other: Contender) -> bool | None:
        """Whether that target was reached; None if there is none, or nothing to compare."""
        wanted, advantage = self.wanted(ours, other), self.advantage(ours, other)
        return None if wanted is None or advantage is None else advantage >= wanted

    def within_limit(self, ours: Contender) -> bool | None:
        """Whether this client stayed within the absolute target; None if there is none."""
        at_most, own = self.measure.target_of(ours).at_most, self.median(ours)
        return None if at_most is None or own is None else own <= at_most


@dataclass(slots=True)
class Run:
    """One run on one machine."""

    date: datetime
    machine: str
    versions: dict[str, str]
    quick: bool
    repetitions: int
    contenders: tuple[str, ...]
    samples: list[Samples] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
