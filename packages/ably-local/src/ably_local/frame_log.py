"""The frames that went over the sockets, kept for tests and tools to look at."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .clock import Clock
from .formats import Format
from .frames import Envelope, Received

CAPACITY = 5_000


class Direction(StrEnum):
    """Whether the server received or sent a frame."""

    RECEIVED = "received"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    """A frame as a JSON client would see it, with the time in milliseconds since the epoch."""

    direction: Direction
    connection_id: str
    timestamp: int
    frame: Mapping[str, Any]


class FrameLog:
    """The latest frames of all connections, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[tuple[str, int, Received | Envelope]] = deque(maxlen=CAPACITY)

    def add(self, connection_id: str, frame: Received | Envelope) -> None:
        """Record a frame. It is not encoded before somebody looks."""
        self._entries.append((connection_id, self._clock.now(), frame))

    def clear(self) -> None:
        """Forget what was recorded so far."""
        self._entries.clear()

    def frames(self) -> list[RecordedFrame]:
        """Return what was recorded."""
        return [
            RecordedFrame(
                Direction.RECEIVED if isinstance(frame, Received) else Direction.SENT,
                connection_id,
                timestamp,
                frame.body if isinstance(frame, Received) else frame.to_wire(Format.JSON),
            )
            for connection_id, timestamp, frame in self._entries
        ]
