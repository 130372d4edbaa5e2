"""The session: owns the machines and routes between them in one fixed order."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

from .._wire.error_info import ErrorInfo
from .._wire.frames import Action, Frame
from .._wire.secret import Secret
from ..states import ChannelState, ConnectionState
from . import faults
from .auth import Auth
from .channel import Channel
from .common import Common
from .config import Config
from .connection import Connection
from .effects import (
    ClientIdConfirmed,
    ConnectionChanged,
    Effect,
    Forget,
    Reject,
    Restored,
    Send,
    Trace,
)
from .inputs import (
    Alive,
    Attach,
    Authorize,
    Authorized,
    AuthorizeFailed,
    ChangePresence,
    Close,
    Configure,
    Connect,
    ConnectivityChecked,
    Detach,
    Dropped,
    GetPresence,
    Input,
    NetworkAvailable,
    NetworkLost,
    Ping,
    Publish,
    Received,
    Release,
    TimersDue,
    TokenChanged,
    TokenFailed,
    TokenObtained,
)
from .members import members
from .pings import Pings
from .publisher import Publisher
from .recovery import RecoveryKey
from .timers import TimerQueue

A, C, S = members(Action), members(ConnectionState), members(ChannelState)

_BEFORE_CONNECTED = frozenset({A.CONNECTED, A.DISCONNECTED, A.CLOSED, A.ERROR, A.HEARTBEAT})
"""What a server may say before it has said CONNECTED (RTN6)."""

_PINGABLE = frozenset({C.CONNECTED, C.CONNECTING, C.DISCONNECTED})


class Session:
    """Takes one input at a time and returns what is to be done, in order.

    `random` returns numbers in [0, 1), for jitter and for the choice of a fallback host;
    `wall_clock` the milliseconds since the epoch, for what the client itself tells subscribers.
    """

    def __init__(
        self, config: Config, random: Callable[[], float], wall_clock: Callable[[], float]
    ) -> None:
        self._config = config
        self._effects: list[Effect] = []
        self._emit: Callable[[Effect], None] = self._effects.append
        self._timers = TimerQueue()
        self.deadlines: TimerQueue = self._timers
        self._pings = Pings(config.realtime_request_timeout, self._timers, self._emit, self._send)
        requests = itertools.count(1)
        self._auth = Auth(
            config,
            self._timers,
            self._emit,
            self._send,
            lambda: next(requests),
            self._reauth_failed,
        )
        self.connection: Connection = Connection(
            config,
            self._auth,
            self._timers,
            self._emit,
            self._connection_changed,
            lambda: next(requests),
            random,
        )
        self.channels: dict[str, Channel] = {}
        self._publisher = Publisher(config, self.connection, self.channels, self._emit, self._send)
        self._common = Common(
            line=self.connection,
            outgoing=self._publisher,
            queue=self._timers,
            emit=self._emit,
            send=self._send,
            forget=self._forget,
            random=random,
            wall_clock=wall_clock,
            delta_decoder=config.delta_decoder,
            request_timeout=config.realtime_request_timeout,
            retry_timeout=config.channel_retry_timeout,
        )
        if config.recovery is not None:
            for name, serial in config.recovery.channel_serials.items():  # RTN16j
                self._add_channel(name, serial)

    def handle(self, event: Input, now: float) -> list[Effect]:
        """Let `event` happen at `now`, in monotonic milliseconds."""
        match event:
            case Received(attempt, frame):
                self._received(attempt, frame, now)
            case Alive(attempt):
                self.connection.alive(attempt, now)
            case Publish(op, frame):
                self._publisher.publish(op, frame)
            case ChangePresence(op, frame):
                self._publisher.change_presence(op, frame, self._channel_of(frame), now)
            case GetPresence(op, name, client_id, connection_id, wait):
                self.channel(name).get_presence(op, client_id, connection_id, wait=wait)
            case TimersDue():
                self._timers.fire_due(now)
            case Dropped(attempt, error, try_elsewhere):
                if self.connection.is_current(attempt):
                    self.connection.dropped(error, try_elsewhere, now)
            case Connect():
                self.connection.connect(now)
            case Close():
                self.connection.close(now)
            case Ping(op, token):
                self._ping(op, token, now)
            case Attach(op, name):
                self.channel(name).attach(op, now)
            case Detach(op, name):
                self.channel(name).detach(op, now)
            case Configure(op, name, settings):
                self.channel(name).configure(op, settings, now)
            case Release(op, name):
                self.channel(name).release(op, now)
            case ConnectivityChecked(request, online):
                self.connection.connectivity_checked(request, online, now)
            case NetworkLost():
                self.connection.network_lost(now)
            case NetworkAvailable():
                self.connection.network_available(now)
            case TokenObtained(request, token):
                self._token_obtained(request, token, now)
            case TokenFailed(request, error, final):
                self._token_failed(request, error, final, now)
            case TokenChanged(token):
                self._auth.use(token)
                self._present_news(now)
            case Authorize(op):
                self._auth.authorize(op)
                self.connection.halt(now)
            case Authorized(op, token):
                if self._auth.authorized(op, token):
                    self._present_token(now)
                    self.connection.reauthorize(now)
            case AuthorizeFailed(op, error, final):
                error = faults.authentication_failed(error, final=final)
                if self._auth.authorize_failed(op, error):
                    self._authentication_failed(error, final, now)
        effects = self._effects.copy()
        self._effects.clear()
        return effects

    def received(self, attempt: int, frame: Frame, now: float) -> list[Effect]:
        """The same as `handle(Received(attempt, frame), now)`, for what happens most often."""
        self._received(attempt, frame, now)
        effects = self._effects.copy()
        self._effects.clear()
        return effects

    def publish(self, op: int, frame: Frame) -> list[Effect]:
        """The same as `handle(Publish(op, frame), now)`, at any time; it comes next in number."""
        self._publisher.publish(op, frame)
        effects = self._effects.copy()
        self._effects.clear()
        return effects

    @property
    def next_deadline(self) -> float | None:
        """When `TimersDue` is next needed, in monotonic milliseconds."""
        return self._timers.next_deadline()

    @property
    def max_message_size(self) -> int:
        """Bytes that one publish may have (TO3l8, CD2c)."""
        size = self.connection.details.max_message_size
        return self._config.max_message_size if size is None else size

    @property
    def publisher(self) -> Publisher:
        """What the server has to acknowledge."""
        return self._publisher

    def channel(self, name: str) -> Channel:
        """The channel of that name, made if there was none."""
        return self.channels.get(name) or self._add_channel(name, None)

    def recovery_key(self) -> RecoveryKey | None:
        """RTN16g; None where the connection could not be recovered (RTN16g3)."""
        key = self.connection.key
        if key is None:  # closing, closed, failed, or never connected
            return None
        serials = {
            name: channel.channel_serial
            for name, channel in self.channels.items()
            if channel.state is S.ATTACHED and channel.channel_serial is not None
        }
        return RecoveryKey(key, self._publisher.next_serial, serials)

    # -- frames

    def _received(self, attempt: int, frame: Frame, now: float) -> None:
        if not self.connection.alive(attempt, now):
            return
        if self.connection.state is C.CONNECTING and (
            frame.channel or frame.action not in _BEFORE_CONNECTED
        ):
            self._emit(Trace(f"ignored before CONNECTED: {frame}"))
            return
        if frame.channel:
            channel = self.channels.get(frame.channel)
            if channel is not None:
                channel.received(frame, now)
            else:
                self._emit(Trace(f"ignored, there is no such channel: {frame}"))
            return
        match frame.action:
            case A.ACK:
                self._publisher.acknowledged(frame)
            case A.NACK:
                self._publisher.refused(frame)
            case A.HEARTBEAT:
                self._pings.echoed(frame.id, now)
            case A.PING:
                self._send(Frame(A.PONG, id=frame.id))
            case A.AUTH if self.connection.state is C.CONNECTED:  # RTN22
                self._auth.request_for_reauth(now)
            case _:
                self.connection.received(frame, now)

    # -- what follows from a change of the connection

    def _connection_changed(self, change: ConnectionChanged, now: float) -> None:
        """The fixed order: serials, channels, the announcement, then what may be sent again."""
        match change.current:
            case C.CONNECTED if change.previous is not C.CONNECTED:
                self._connected(change, now)
            case C.CONNECTED:
                self._confirm_client_id()
                self._emit(change)
                self._auth.accepted()
            case C.CONNECTING if change.previous in (C.CLOSED, C.FAILED):  # RTN11d
                self._publisher.forget_serials()
                self._for_channels(lambda channel: channel.reinitialize(now))
                self._emit(change)
            case C.DISCONNECTED:
                self._auth.connection_lost()
                self._pings.connection_lost()
                self._for_channels(lambda channel: channel.line_lost())
                if not self._config.queue_messages:  # RTN7d
                    self._publisher.fail_all(self._unusable("publish"))
                self._emit(change)
            case C.SUSPENDED | C.CLOSED | C.FAILED:
                self._ended(change, now)
            case C.CLOSING:
                self._pings.fail_all(self._unusable("ping"))
                self._emit(change)
            case _:
                self._emit(change)

    def _connected(self, change: ConnectionChanged, now: float) -> None:
        resumed = self.connection.resumed
        if not resumed:
            self._publisher.forget_serials()  # RTN15c7
        self._for_channels(lambda channel: channel.prepare_reattach(now))  # RTL3d1
        self._publisher.hold_presence()
        self._confirm_client_id()
        self._emit(replace(change, restored=self._restored()))
        self._publisher.resend(renumber=not resumed)
        self._for_channels(lambda channel: channel.resume(now))
        self._publisher.flush()
        self._pings.connected(now)
        self._auth.accepted()
        self._present_news(now)  # a token obtained while this one was being judged

    def _restored(self) -> Restored:
        channels = self.channels.values()
        return Restored(
            self.connection.resumed,
            self._publisher.unacknowledged,
            self._publisher.queued,
            sum(channel.state is ChannelState.ATTACHING for channel in channels),
        )

    def _ended(self, change: ConnectionChanged, now: float) -> None:
        """SUSPENDED, CLOSED or FAILED: what waits for the server waits in vain (RTN7e, RTL3)."""
        error = change.reason or self._unusable("go on")
        for channel in list(self.channels.values()):
            match change.current:
                case C.SUSPENDED:
                    channel.line_suspended(error, now)
                case C.CLOSED:
                    channel.line_closed(change.reason, now)
                case _:
                    channel.line_failed(error, now)
        self._publisher.fail_all(error)
        self._pings.fail_all(self._unusable("ping"))
        self._emit(change)
        self._auth.connection_ended(error)

    def _confirm_client_id(self) -> None:
        details = self.connection.details
        self._emit(ClientIdConfirmed(details.client_id))  # RTC4a

    # -- operations

    def _channel_of(self, frame: Frame) -> Channel:
        assert frame.channel is not None
        return self.channel(frame.channel)

    def _ping(self, op: int, token: str, now: float) -> None:
        if self.connection.state is C.CONNECTED:
            self._pings.send(op, token, now)
        elif self.connection.state in _PINGABLE:
            self._pings.wait(op, token)
        else:
            self._emit(Reject(op, self._unusable("ping")))

    def _forget(self, name: str) -> None:
        del self.channels[name]
        self._emit(Forget(name))

    # -- tokens

    def _token_obtained(self, request: int, token: Secret, now: float) -> None:
        if self._auth.is_for_dial(request):
            self._auth.use(token)
            self.connection.token_obtained(now)
        elif self._auth.is_for_reauth(request):
            self._auth.use(token)
            self._present_news(now)

    def _token_failed(self, request: int, error: ErrorInfo, final: bool, now: float) -> None:
        error = faults.authentication_failed(error, final=final)
        if self._auth.is_for_dial(request) or self._auth.is_for_reauth(request):
            self._authentication_failed(error, final, now)

    def _authentication_failed(self, error: ErrorInfo, final: bool, now: float) -> None:
        """RSA4c, RSA4d."""
        if final:
            self.connection.fail(error, now)
        elif self.connection.state is C.CONNECTING:
            self.connection.token_failed(error, now)
        else:
            self.connection.error_reason = error  # RSA4c3

    def _reauth_failed(self, error: ErrorInfo) -> None:
        self.connection.error_reason = error  # RSA4c3

    def _present_news(self, now: float) -> None:
        if self._auth.has_news:
            self._present_token(now)

    def _present_token(self, now: float) -> None:
        if self.connection.state is C.CONNECTED:
            self._auth.present(now)  # RTC8a

    # --

    def _unusable(self, operation: str) -> ErrorInfo:
        return faults.connection_unusable(
            self.connection.state, operation, self.connection.error_reason
        )

    def _add_channel(self, name: str, serial: str | None) -> Channel:
        channel = self.channels[name] = Channel(name, self._common, serial)
        return channel

    def _for_channels(self, act: Callable[[Channel], None]) -> None:
        for channel in list(self.channels.values()):
            act(channel)

    def _send(self, frame: Frame) -> None:
        self._emit(Send(self.connection.attempt, frame))
