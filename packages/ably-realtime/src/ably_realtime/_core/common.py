"""What the channels of a session have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from .._wire.error_info import ErrorInfo
from .._wire.frames import Frame
from ..presence_messages import PresenceMessage
from ..states import ConnectionState
from .effects import Effect
from .inbound import DeltaDecoder
from .timers import TimerQueue


class Line(Protocol):
    """What a channel needs of the connection."""

    id: str | None

    @property
    def state(self) -> ConnectionState: ...

    @property
    def error_reason(self) -> ErrorInfo | None: ...


class Outgoing(Protocol):
    """What the presence of a channel needs of the publisher."""

    def submit(self, op: int, frame: Frame) -> None: ...

    def reenter(self, channel: str, member: PresenceMessage) -> None: ...

    def clients_in_flight(self, channel: str) -> set[str | None]: ...


@dataclass(frozen=True, slots=True)
class Common:
    """Made once: a client may have ten thousand channels, and each keeps little of its own.

    Timeouts are milliseconds.
    """

    line: Line
    outgoing: Outgoing
    queue: TimerQueue
    emit: Callable[[Effect], None]
    send: Callable[[Frame], None]
    forget: Callable[[str], None]
    random: Callable[[], float]
    wall_clock: Callable[[], float]
    delta_decoder: DeltaDecoder | None
    request_timeout: float
    retry_timeout: float
