"""What the server has to acknowledge: when it may be sent, and who hears of its outcome (RTL6c)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace

from .._wire.cipher import CipherUnavailable
from .._wire.error_info import ErrorInfo
from .._wire.frames import Action, Frame
from .._wire.payload import UnsupportedPayload, encode_payload
from ..presence_messages import PresenceMessage
from ..states import ChannelState, ConnectionState
from . import faults
from .channel import Channel
from .config import Config
from .connection import Connection
from .effects import Effect, Reject, Resolve
from .members import members
from .outbox import Outbox
from .presence import presence_frame

A, C, S = members(Action), members(ConnectionState), members(ChannelState)

_QUEUEING = frozenset({C.INITIALIZED, C.CONNECTING, C.DISCONNECTED})  # RTL6c2

_UNUSABLE = frozenset({S.SUSPENDED, S.FAILED})  # RTL6c4


class Publisher:
    """Decides, by the states of connection and channel, whether a frame is sent, queued or refused.

    Members that are re-entered automatically go the same way as what the application publishes;
    only their outcome is nobody's but their channel's (RTP17e).
    """

    def __init__(
        self,
        config: Config,
        connection: Connection,
        channels: Mapping[str, Channel],
        emit: Callable[[Effect], None],
        send: Callable[[Frame], None],
    ) -> None:
        self._config = config
        self._connection = connection
        self._channels = channels
        self._emit = emit
        serial = config.recovery.msg_serial if config.recovery is not None else 0  # RTN16f
        self._outbox = Outbox(self._settled, send, serial)
        self._presence: dict[int, Frame] = {}  # presence frames that are not acknowledged yet
        self._reentries: dict[int, tuple[Channel, str | None]] = {}
        self._reentry_ids = itertools.count(-1, -1)  # apart from the application's operations

    @property
    def next_serial(self) -> int:
        """The serial of the next frame, for a recovery key (RTN16g)."""
        return self._outbox.next_serial

    @property
    def unacknowledged(self) -> int:
        """The frames that were sent and have no outcome yet."""
        return self._outbox.unacknowledged

    @property
    def queued(self) -> int:
        """The frames that wait for a connection."""
        return self._outbox.queued

    # -- what is to be sent

    def publish(self, op: int, frame: Frame) -> None:
        """RTL6c. The channel need not exist here: publishing does not attach (RTL6c5)."""
        channel = self._channels.get(frame.channel or "")
        if channel is not None and channel.state in _UNUSABLE:
            fault = faults.channel_unusable(channel.name, channel.state, "publish")
            self._emit(Reject(op, fault))
        else:
            self.submit(op, frame)

    def change_presence(self, op: int, frame: Frame, channel: Channel, now: float) -> None:
        """RTP16."""
        match channel.state:
            case S.ATTACHED:
                self.submit(op, frame)
            case S.INITIALIZED | S.ATTACHING if self._config.queue_messages:
                channel.presence.queue(op, frame)
                channel.attach_implicitly(now)  # RTP8d
            case _:
                fault = faults.channel_unusable(channel.name, channel.state, "change presence")
                self._emit(Reject(op, fault))

    def reenter(self, channel: str, member: PresenceMessage) -> None:
        """RTP17g."""
        target = self._channels[channel]
        try:
            data, encoding = encode_payload(
                member.data, None, binary=self._config.binary, cipher=target.settings.cipher
            )
        except (UnsupportedPayload, CipherUnavailable) as error:
            fault = ErrorInfo(code=40013, status_code=400, message=str(error), cause=error)
            target.reentry_failed(member.client_id, fault)
            return
        op = next(self._reentry_ids)
        self._reentries[op] = (target, member.client_id)
        self.submit(op, presence_frame(channel, replace(member, data=data, encoding=encoding)))

    def clients_in_flight(self, channel: str) -> set[str | None]:
        """The members of whom the server has yet to acknowledge the latest."""
        return {
            message.client_id or self._connection.client_id
            for frame in self._presence.values()
            if frame.channel == channel
            for message in frame.presence
        }

    def submit(self, op: int, frame: Frame) -> None:
        """Send, queue or refuse a frame, by the state of the connection."""
        if frame.action == A.PRESENCE:
            self._presence[op] = frame
        if self._connection.state is C.CONNECTED:
            self._outbox.send(op, frame)
        elif self._connection.state in _QUEUEING and self._config.queue_messages:
            if self._outbox.has_room_for(frame, self._config.max_queued_messages):
                self._outbox.queue(op, frame)
            else:
                self._settled(Reject(op, faults.queue_full(self._config.max_queued_messages)))
        else:
            self._settled(
                Reject(
                    op,
                    faults.connection_unusable(
                        self._connection.state, "publish", self._connection.error_reason
                    ),
                )
            )

    # -- what happens on the connection

    def forget_serials(self) -> None:
        """The server does not know what was numbered so far (RTN15c7, RTN11d)."""
        self._outbox.forget_serials()

    def hold_presence(self) -> None:
        """Leave queued presence to channels that are being attached (RTL3d2)."""
        for op, frame in self._outbox.take_queued(self._waits_for_attach):
            del self._presence[op]  # the channel submits it again, or fails it
            self._channels[frame.channel or ""].presence.queue(op, frame)

    def resend(self, *, renumber: bool) -> None:
        """Send again what was not acknowledged (RTN19a)."""
        self._outbox.resend(renumber=renumber)

    def flush(self) -> None:
        """Send what was queued (RTL6c2)."""
        self._outbox.flush()

    def fail_all(self, error: ErrorInfo) -> None:
        """Nothing will be acknowledged any more (RTN7d, RTN7e)."""
        self._outbox.fail_all(error)

    # -- what the server says

    def acknowledged(self, frame: Frame) -> None:
        """ACK."""
        self._outbox.acknowledged(frame.msg_serial or 0, frame.count or 1, frame.res)

    def refused(self, frame: Frame) -> None:
        """NACK."""
        self._outbox.refused(frame.msg_serial or 0, frame.count or 1, frame.error)

    def _settled(self, outcome: Resolve | Reject) -> None:
        frame = self._presence.pop(outcome.op, None)
        if frame is not None and isinstance(outcome, Resolve):
            self._members_acknowledged(frame)
        if outcome.op not in self._reentries:
            self._emit(outcome)
            return
        channel, client_id = self._reentries.pop(outcome.op)
        if isinstance(outcome, Reject):
            channel.reentry_failed(client_id, outcome.error)

    def _members_acknowledged(self, frame: Frame) -> None:
        channel = self._channels.get(frame.channel or "")
        connection_id = self._connection.id
        if channel is None or connection_id is None:
            return
        for index, message in enumerate(frame.presence):
            channel.presence_acknowledged(
                replace(
                    message,
                    client_id=message.client_id or self._connection.client_id,
                    connection_id=connection_id,
                    id=f"{connection_id}:{frame.msg_serial}:{index}",
                )
            )

    def _waits_for_attach(self, frame: Frame) -> bool:
        channel = self._channels.get(frame.channel or "")
        return frame.action == A.PRESENCE and channel is not None and channel.state is S.ATTACHING
