"""The frames that went over the sockets, kept for tests and tools to look at."""

from __future__ import annotations

import base64
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from .activity import Activity
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
    """A frame as a JSON client would see it, with the time in milliseconds since the epoch.

    `number` counts the frames since the server started, from 1.
    """

    direction: Direction
    connection_id: str
    timestamp: int
    frame: Mapping[str, Any]
    number: int = 0

    def to_wire(self) -> dict[str, object]:
        return {
            "number": self.number,
            "direction": self.direction,
            "connectionId": self.connection_id,
            "timestamp": self.timestamp,
            "frame": _as_json(self.frame),
        }


class FrameLog:
    """The latest frames of all connections, oldest first."""

    def __init__(self, clock: Clock, activity: Activity) -> None:
        self._clock = clock
        self._activity = activity
        self._number = 0
        self._entries: deque[_Entry] = deque(maxlen=CAPACITY)

    def add(self, connection_id: str, frame: Received | Envelope) -> None:
        """Record a frame. It is not encoded before somebody looks."""
        self._number += 1
        entry = _Entry(self._number, connection_id, self._clock.now(), frame)
        self._entries.append(entry)
        if self._activity.is_watched:
            self._activity.tell("frame", lambda: entry.record().to_wire())

    def clear(self) -> None:
        """Forget what was recorded so far."""
        self._entries.clear()

    def frames(self) -> list[RecordedFrame]:
        """Return what was recorded."""
        return [entry.record() for entry in self._entries]


class _Entry(NamedTuple):
    number: int
    connection_id: str
    timestamp: int
    frame: Received | Envelope

    def record(self) -> RecordedFrame:
        received = isinstance(self.frame, Received)
        return RecordedFrame(
            Direction.RECEIVED if received else Direction.SENT,
            self.connection_id,
            self.timestamp,
            self.frame.body
            if isinstance(self.frame, Received)
            else self.frame.to_wire(Format.JSON),
            self.number,
        )


def _as_json(value: Any) -> Any:
    """Return a value as JSON can hold it: what is binary in base64, what is no number as text.

    A client that sends MessagePack may send either.
    """
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _as_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    return value
