"""The ordered events of one channel: their serials, and how far back continuity reaches."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from .clock import Clock
from .frames import Envelope, Flag, Frame
from .ids import random_id


@dataclass(frozen=True, slots=True)
class Whole:
    """What a client is told instead of an increment that it can't apply.

    It can apply the increment if it was there for the event at `builds_on`.
    """

    frame: Frame
    builds_on: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on a channel, as the frame that tells attached clients.

    `mode` is the channel mode a client needs to be told; `connection_id` is whose doing it was;
    `whole` is there if the frame is an increment.
    """

    serial: str
    timestamp: int
    envelope: Envelope
    mode: Flag
    connection_id: str | None
    whole: Whole | None = None

    def frame_for(self, attached_at: str) -> Frame:
        """Return the frame for a client that has been there since the position `attached_at`."""
        if self.whole is not None and self.whole.builds_on <= attached_at:
            return self.whole.frame
        return self.envelope.frame


class Serials:
    """A source of strictly increasing channel serials, `<time>-<counter>@<series>`.

    They compare as text, and all are larger than `after`, whatever the clock says. The series is
    drawn at random, so that a serial from an earlier life of the channel is not mistaken for a
    position in this one.
    """

    def __init__(self, clock: Clock, after: str | None = None) -> None:
        self._clock = clock
        self._timestamp = clock.now()
        if after is not None:
            self._timestamp = max(self._timestamp, int(after.partition("-")[0]) + 1)
        self._counter = 0
        self.series: str = random_id(10)

    @property
    def current(self) -> str:
        return f"{self._timestamp:014d}-{self._counter:03d}@{self.series}"

    def advance(self) -> str:
        now = self._clock.now()
        if now > self._timestamp:
            self._timestamp, self._counter = now, 0
        elif self._counter == 999:
            self._timestamp, self._counter = self._timestamp + 1, 0
        else:
            self._counter += 1
        return self.current


class Stream:
    """The events of the last two minutes, and every position from which they can be continued.

    Its serials are larger than `after`, the latest that a former process gave out on the channel.
    """

    def __init__(self, clock: Clock, retention: int, after: str | None = None) -> None:
        self._clock = clock
        self._retention = retention
        self._serials = Serials(clock, after)
        self._events: deque[Event] = deque()
        self._earliest = self._serials.current

    @property
    def position(self) -> str:
        """The serial of the latest event, or of the beginning."""
        return self._serials.current

    @property
    def is_empty(self) -> bool:
        return not self._events

    def next_serial(self) -> str:
        return self._serials.advance()

    def append(self, frame: Frame, mode: Flag, whole: Whole | None = None) -> Event:
        """Add the event that `frame` announces; its `channel_serial` came from `next_serial()`."""
        assert frame.channel_serial is not None
        event = Event(
            frame.channel_serial,
            self._clock.now(),
            Envelope(frame),
            mode,
            frame.connection_id,
            whole,
        )
        self._events.append(event)
        self.trim()
        return event

    def since(self, serial: str) -> list[Event] | None:
        """Return the events after `serial`, or None where some of them are no longer known."""
        self.trim()
        if serial.rpartition("@")[2] != self._serials.series:
            return None
        if not self._earliest <= serial <= self.position:
            return None
        return [event for event in self._events if event.serial > serial]

    def restart(self) -> None:
        """Forget every event and begin a new series, so that nobody can continue."""
        self._serials = Serials(self._clock, after=self.position)
        self._events.clear()
        self._earliest = self._serials.current

    def trim(self) -> None:
        horizon = self._clock.now() - self._retention
        while self._events and self._events[0].timestamp < horizon:
            self._earliest = self._events.popleft().serial
