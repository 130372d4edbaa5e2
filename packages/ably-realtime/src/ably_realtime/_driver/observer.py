"""Metrics: what goes into the session and what comes out of it, told to the application's hooks.

Only a client that was given `metrics` has any of this. The session decides without knowing it is
watched, and nothing here changes what it decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._core import effects as fx
from .._core import inputs as do
from .._core.config import Config
from .._core.session import Session
from .._wire.codec import Codec
from .._wire.error_info import ErrorInfo
from .._wire.frames import Action, Frame
from ..errors import AblyError
from ..log import metrics as log
from ..metrics import Metrics, Operation, OperationName
from ..states import ChannelState, ConnectionState, ConnectionStateChange

if TYPE_CHECKING:
    from ..channel import Channel
    from ..events import Emitter

C, S = ConnectionState, ChannelState

_PUBLISHED: dict[int, OperationName] = {Action.MESSAGE: "publish", Action.ANNOTATION: "annotate"}

_ASKED = frozenset({do.Attach, do.Detach, do.Configure, do.Release, do.ChangePresence})

_STOPPED = ErrorInfo(code=80003, status_code=400, message="it was given up")

Key = tuple[OperationName, int | str]


def tell(hook: Callable[..., object], *news: object) -> Any:
    """Call a hook; what it raises is in the log and nowhere else."""
    try:
        return hook(*news)
    except Exception:
        log.exception("a hook of metrics= raised")
        return None


class ObservedSession(Session):
    """A session that tells what happens in it. `now` says the time, in monotonic milliseconds."""

    def __init__(
        self,
        config: Config,
        random: Callable[[], float],
        wall_clock: Callable[[], float],
        now: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        super().__init__(config, random, wall_clock)
        self._now = now
        self._observer = Observer(metrics)

    def handle(self, event: do.Input, now: float) -> list[fx.Effect]:
        self._observer.before(event, now)
        effects = super().handle(event, now)
        self._observer.after(event, effects, now)
        return effects

    def received(self, attempt: int, frame: Frame, now: float) -> list[fx.Effect]:
        return self.handle(do.Received(attempt, frame), now)

    def publish(self, op: int, frame: Frame) -> list[fx.Effect]:
        return self.handle(do.Publish(op, frame), self._now())


class Observer:
    """Pairs the beginnings of operations with their ends."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._open: dict[Key, tuple[Operation, float]] = {}
        self._names: dict[int, OperationName] = {}  # of the application's operations
        self._asked = False  # whether the application asks for what happens just now
        self._inputs: dict[type, Callable[[Any, float], None]] = {
            do.Publish: self._publish,
            do.ChangePresence: self._presence,
            do.Ping: self._ping,
            do.TokenObtained: lambda e, now: self._end(("token", e.request), now),
            do.TokenFailed: lambda e, now: self._end(("token", e.request), now, e.error),
            do.Dropped: lambda e, now: self._end(("dial", e.attempt), now, e.error),
        }
        self._effects: dict[type, Callable[[Any, float], None]] = {
            fx.Resolve: lambda e, now: self._settle(e.op, now, None),
            fx.Reject: lambda e, now: self._settle(e.op, now, e.error),
            fx.OpenTransport: self._dial,
            fx.RequestToken: self._token,
            fx.CancelRequest: lambda e, now: self._end(("token", e.request), now, _STOPPED),
            fx.ConnectionChanged: self._connection_changed,
            fx.ChannelChanged: self._channel_changed,
            fx.Forget: self._forget,
            fx.Deliver: lambda e, _: tell(metrics.messages_received, e.channel, e.messages),
            fx.DeliverPresence: lambda e, _: tell(metrics.presence_received, e.channel, e.messages),
            fx.DeliverAnnotations: lambda e, _: tell(
                metrics.annotations_received, e.channel, e.annotations
            ),
        }

    def before(self, event: do.Input, now: float) -> None:
        """An input is about to be handled."""
        if (see := self._inputs.get(event.__class__)) is not None:
            see(event, now)

    def after(self, event: do.Input, effects: list[fx.Effect], now: float) -> None:
        """It was handled, and this is what is to be done."""
        self._asked = event.__class__ in _ASKED
        for effect in effects:
            if isinstance(effect, fx.CloseTransport):
                self._end(("dial", effect.attempt), now, _why_closed(event, effects))
            if (see := self._effects.get(effect.__class__)) is not None:
                see(effect, now)

    # -- operations of the application

    def _publish(self, event: do.Publish, now: float) -> None:
        frame = event.frame
        name = _PUBLISHED.get(frame.action, "publish")
        operation = Operation(name, frame.channel, messages=len(frame.messages))
        self._begin_op(event.op, operation, now)
        if name == "publish":
            self._add_headers(operation, frame)

    def _presence(self, event: do.ChangePresence, now: float) -> None:
        self._begin_op(event.op, Operation("presence", event.frame.channel), now)

    def _ping(self, event: do.Ping, now: float) -> None:
        self._begin_op(event.op, Operation("ping"), now)

    def _begin_op(self, op: int, operation: Operation, now: float) -> None:
        self._names[op] = operation.name
        self._begin((operation.name, op), operation, now)

    def _settle(self, op: int, now: float, error: ErrorInfo | None) -> None:
        name = self._names.pop(op, None)
        if name is not None:
            self._end((name, op), now, error)

    def _add_headers(self, operation: Operation, frame: Frame) -> None:
        headers = tell(self._metrics.message_headers, operation)
        if headers:
            for message in frame.messages:
                extras = message.extras or {}
                message.extras = {**extras, "headers": {**extras.get("headers", {}), **headers}}

    # -- the connection

    def _dial(self, effect: fx.OpenTransport, now: float) -> None:
        dial = Operation("dial", host=effect.host, automatic=True, parent=self._connect)
        self._begin(("dial", effect.attempt), dial, now)

    def _token(self, effect: fx.RequestToken, now: float) -> None:
        token = Operation("token", automatic=True, parent=self._connect)
        self._begin(("token", effect.request), token, now)

    def _connection_changed(self, change: fx.ConnectionChanged, now: float) -> None:
        if change.current is C.CONNECTED:
            self._end_all("dial", now)
        if change.previous is C.CONNECTING and change.current is not C.CONNECTING:
            failed = None if change.current is C.CONNECTED else change.reason or _STOPPED
            self._end(("connect", ""), now, failed)
        elif change.current is C.CONNECTING:
            self._begin(("connect", ""), Operation("connect", automatic=True), now)

    @property
    def _connect(self) -> Operation | None:
        begun = self._open.get(("connect", ""))
        return None if begun is None else begun[0]

    # -- channels

    def _channel_changed(self, change: fx.ChannelChanged, now: float) -> None:
        self._follow("attach", S.ATTACHING, S.ATTACHED, change, now)
        self._follow("detach", S.DETACHING, S.DETACHED, change, now)

    def _follow(
        self,
        name: OperationName,
        under_way: ChannelState,
        done: ChannelState,
        change: fx.ChannelChanged,
        now: float,
    ) -> None:
        key: Key = (name, change.channel)
        if change.current is under_way:
            if key not in self._open:
                operation = Operation(name, change.channel, automatic=not self._asked)
                self._begin(key, operation, now)
        elif change.previous is under_way:
            error = None if change.current is done else change.reason or _STOPPED
            self._end(key, now, error)

    def _forget(self, effect: fx.Forget, now: float) -> None:
        for name in ("attach", "detach"):
            self._end((name, effect.channel), now, _STOPPED)

    # --

    def _begin(self, key: Key, operation: Operation, now: float) -> None:
        self._open[key] = operation, now
        tell(self._metrics.operation_started, operation)

    def _end(self, key: Key, now: float, error: ErrorInfo | None = None) -> None:
        begun = self._open.pop(key, None)
        if begun is not None:
            operation, since = begun
            told = None if error is None else AblyError.from_info(error)
            tell(self._metrics.operation_ended, operation, now - since, told)

    def _end_all(self, name: OperationName, now: float) -> None:
        for key in [key for key in self._open if key[0] == name]:
            self._end(key, now)


def watch_connection(connection: Emitter[ConnectionStateChange], metrics: Metrics) -> None:
    """Tell the hooks of every change of a connection."""
    connection.watch(lambda _, change: tell(metrics.connection_changed, change))


def watch_channel(channel: Channel, metrics: Metrics) -> None:
    """Tell the hooks of every change of a channel."""
    channel.watch(lambda _, change: tell(metrics.channel_changed, channel.name, change))


class MeteredCodec:
    """A codec that tells how many bytes it reads and writes."""

    def __init__(self, codec: Codec, metrics: Metrics) -> None:
        self.name = codec.name
        self.library = codec.library
        self._codec = codec
        self._metrics = metrics

    def encode(self, frame: Frame) -> str | bytes:
        data = self._codec.encode(frame)
        tell(self._metrics.bytes_sent, _size(data))
        return data

    def decode(self, data: str | bytes) -> Frame:
        tell(self._metrics.bytes_received, _size(data))
        return self._codec.decode(data)


def _why_closed(event: do.Input, effects: list[fx.Effect]) -> ErrorInfo:
    """Why a transport was given up: the server said it, or the state that follows does."""
    if isinstance(event, do.Received) and event.frame.error is not None:
        return event.frame.error
    reasons = [e.reason for e in effects if isinstance(e, fx.ConnectionChanged) and e.reason]
    return reasons[0] if reasons else _STOPPED


def _size(data: str | bytes) -> int:
    return len(data.encode()) if isinstance(data, str) else len(data)
