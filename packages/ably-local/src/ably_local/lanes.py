"""Frames that may be held back for a while, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from .frames import Envelope
from .policy import Delay, Policy


@dataclass(slots=True, eq=False)
class _Entry:
    envelope: Envelope
    is_held: bool


class Lanes:
    """Hands frames to `deliver`, in each lane in the order in which they were put there."""

    def __init__(self, policy: Policy, deliver: Callable[[Envelope], object]) -> None:
        self._policy = policy
        self._deliver = deliver
        self._waiting: dict[Hashable, deque[_Entry]] = {}

    @property
    def are_empty(self) -> bool:
        return not self._waiting

    def put(self, lane: Hashable, envelope: Envelope, delay: Delay | None) -> None:
        """Hand a frame on, after the delay if there is one."""
        waiting = self._waiting.get(lane)
        if delay is None and waiting is None:
            self._deliver(envelope)
            return
        if waiting is None:
            waiting = self._waiting[lane] = deque()
        entry = _Entry(envelope, delay is not None)
        waiting.append(entry)
        if delay is not None:
            self._policy.hold(delay, lambda: self._release(lane, entry))

    def flush(self) -> None:
        """Hand everything on at once."""
        for waiting in list(self._waiting.values()):
            for entry in waiting:
                self._deliver(entry.envelope)
        self._waiting.clear()

    def clear(self) -> None:
        """Forget everything that is waiting."""
        self._waiting.clear()

    def _release(self, lane: Hashable, entry: _Entry) -> None:
        entry.is_held = False
        waiting = self._waiting.get(lane)
        while waiting and not waiting[0].is_held:
            self._deliver(waiting.popleft().envelope)
        if waiting is not None and not waiting:
            del self._waiting[lane]
