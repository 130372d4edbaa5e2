"""Deadlines as state: each machine shows its own, the driver sees only the earliest."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Hashable

_SWEEP_FROM = 64  # stale entries; fewer are not worth the work


class TimerQueue:
    """The deadlines of all machines of one session, earliest first.

    An entry whose timer was cleared or set anew is stale. It is dropped when it comes up, or when
    more than half of the entries are. `earliest` is the first deadline that stands, infinite if
    there is none: asked for with every frame, so it is kept rather than looked for.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timers, Hashable]] = []
        self._pushed = 0
        self._stale = 0
        self.earliest: float = math.inf

    def push(self, deadline: float, owner: Timers, timer: Hashable) -> None:
        self._pushed += 1
        heapq.heappush(self._heap, (deadline, self._pushed, owner, timer))
        if deadline < self.earliest:
            self.earliest = deadline

    def went_stale(self) -> None:
        """An entry's timer was cleared or set anew."""
        self._stale += 1
        if self._stale >= _SWEEP_FROM and self._stale * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if _stands(entry)]
            heapq.heapify(self._heap)
            self._stale = 0
        self._look()

    def next_deadline(self) -> float | None:
        """The earliest deadline that still stands, in the session's milliseconds."""
        return None if self.earliest == math.inf else self.earliest

    def fire_due(self, now: float) -> None:
        """Run every action whose deadline has passed, including those set meanwhile."""
        while self.earliest <= now:
            _, _, owner, timer = heapq.heappop(self._heap)
            try:
                owner.fire(timer, now)
            finally:
                self._look()

    def _look(self) -> None:
        """Drop stale entries that came up, and see which is the earliest now."""
        while self._heap and not _stands(self._heap[0]):
            heapq.heappop(self._heap)
            self._stale -= 1
        self.earliest = self._heap[0][0] if self._heap else math.inf


def _stands(entry: tuple[float, int, Timers, Hashable]) -> bool:
    deadline, _, owner, timer = entry
    return owner.stands(timer, deadline)


class Timers:
    """The timers of one machine: at most one of a kind, and `deadlines` shows them all."""

    __slots__ = ("_queue", "_set")

    def __init__(self, queue: TimerQueue) -> None:
        self._queue = queue
        self._set: dict[Hashable, tuple[float, Callable[[float], None]]] = {}

    @property
    def deadlines(self) -> dict[Hashable, float]:
        """When each timer that is set is due."""
        return {timer: deadline for timer, (deadline, _) in self._set.items()}

    def stands(self, timer: Hashable, deadline: float) -> bool:
        """Whether this timer is set, and for then."""
        entry = self._set.get(timer)
        return entry is not None and entry[0] == deadline

    def set(self, timer: Hashable, deadline: float, action: Callable[[float], None]) -> None:
        """Run `action(now)` at `deadline`, instead of whatever this timer was to run."""
        replaced = timer in self._set
        self._set[timer] = deadline, action
        self._queue.push(deadline, self, timer)
        if replaced:
            self._queue.went_stale()

    def clear(self, timer: Hashable) -> None:
        if timer in self._set:
            self._take(timer)
            self._queue.went_stale()

    def keep_only(self, allowed: frozenset[Hashable]) -> None:
        """Drop every timer that does not belong to the state just entered."""
        if self._set:
            for timer in [timer for timer in self._set if timer not in allowed]:
                self.clear(timer)

    def fire(self, timer: Hashable, now: float) -> None:
        self._take(timer)(now)

    def _take(self, timer: Hashable) -> Callable[[float], None]:
        _, action = self._set.pop(timer)
        if not self._set:
            self._set.clear()  # an emptied dict would keep its memory
        return action
