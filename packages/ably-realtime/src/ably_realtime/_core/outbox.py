"""Frames that the server must acknowledge: order, serials and outcome (RTN7, RTN19)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from .._wire.error_info import ErrorInfo
from .._wire.frames import Frame
from ..messages import PublishResult
from . import faults
from .effects import Reject, Resolve

_Entry = tuple[int, Frame]
"""An operation and what it sends."""


class Outbox:
    """Holds each frame from its acceptance to its outcome.

    Serials are assigned here and nowhere else, at the moment of sending: `_sent` is exactly the
    frames that carry one, consecutive and in order; `_queued` are the frames behind them.
    """

    def __init__(
        self,
        emit: Callable[[Resolve | Reject], None],
        send: Callable[[Frame], None],
        next_serial: int = 0,
    ) -> None:
        self._emit = emit
        self._send = send
        self._sent: deque[_Entry] = deque()
        self._queued: deque[_Entry] = deque()
        self._queued_messages = 0
        self.next_serial = next_serial

    @property
    def unacknowledged(self) -> int:
        """The frames that were sent and have no outcome yet."""
        return len(self._sent)

    @property
    def queued(self) -> int:
        """The frames that wait for a connection."""
        return len(self._queued)

    def has_room_for(self, frame: Frame, limit: int) -> bool:
        """Whether no more than `limit` messages would wait for a connection."""
        return self._queued_messages + _messages_in(frame) <= limit

    def send(self, op: int, frame: Frame) -> None:
        """Number a frame and send it, as the connection is CONNECTED."""
        frame.msg_serial = self.next_serial
        self.next_serial += 1
        self._sent.append((op, frame))
        self._send(frame)

    def queue(self, op: int, frame: Frame) -> None:
        """Keep a frame until the connection is CONNECTED (RTL6c2)."""
        self._queued.append((op, frame))
        self._queued_messages += _messages_in(frame)

    def forget_serials(self) -> None:
        """Start numbering at 0 again: the server does not know this connection (RTN15c7)."""
        self.next_serial = 0

    def resend(self, *, renumber: bool) -> None:
        """Send again what awaits its outcome, on a new transport (RTN19a).

        A resumed connection keeps the serials, so that the server recognises repeats; on any
        other the frames are new to the server and are numbered again (RTN19a2).
        """
        unsettled, self._sent = self._sent, deque()
        for op, frame in unsettled:
            if renumber:
                self.send(op, frame)
            else:
                self._sent.append((op, frame))
                self._send(frame)

    def flush(self) -> None:
        """Send everything that was queued."""
        while self._queued:
            op, frame = self._queued.popleft()
            self._queued_messages -= _messages_in(frame)
            self.send(op, frame)

    def acknowledged(
        self, serial: int, count: int, results: Sequence[Sequence[str | None]]
    ) -> None:
        """Settle `count` frames from `serial` on; earlier ones were skipped (implicit NACK)."""
        for op, position in self._take(serial, count):
            index = position - serial
            serials = results[index] if index < len(results) else []
            self._emit(Resolve(op, PublishResult(tuple(serials))))

    def refused(self, serial: int, count: int, error: ErrorInfo | None) -> None:
        """Fail `count` frames from `serial` on; earlier ones were skipped (implicit NACK)."""
        for op, position in self._take(serial, count):
            self._emit(Reject(op, error or faults.not_accepted(position)))

    def take_queued(self, held: Callable[[Frame], bool]) -> list[tuple[int, Frame]]:
        """Remove the queued frames that have to wait elsewhere (RTL3d2)."""
        taken = [(op, frame) for op, frame in self._queued if held(frame)]
        self._queued = deque((op, frame) for op, frame in self._queued if not held(frame))
        self._queued_messages -= sum(_messages_in(frame) for _, frame in taken)
        return taken

    def fail_all(self, error: ErrorInfo) -> None:
        """Fail everything, sent or queued (RTN7e, RTN7d)."""
        entries = [*self._sent, *self._queued]
        self._sent.clear()
        self._queued.clear()
        self._queued_messages = 0
        for op, _ in entries:
            self._emit(Reject(op, error))

    def _take(self, serial: int, count: int) -> list[tuple[int, int]]:
        """Remove what an ACK or NACK covers: each operation with its serial.

        What was settled before is ignored, as the protocol asks; what lies before `serial` and
        is still open was skipped by the server.
        """
        end = serial + count
        covered: list[tuple[int, int]] = []
        position = _serial(self._sent[0][1]) if self._sent else end
        while self._sent and position < end:
            op, _ = self._sent.popleft()
            if position < serial:
                self._emit(Reject(op, faults.skipped_by_server(position)))
            else:
                covered.append((op, position))
            position += 1  # they are consecutive
        return covered


def _messages_in(frame: Frame) -> int:
    return max(1, len(frame.messages))


def _serial(frame: Frame) -> int:
    assert frame.msg_serial is not None, "only numbered frames are in flight"
    return frame.msg_serial
