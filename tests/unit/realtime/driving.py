"""Drives a session by hand: inputs and time go in, a story comes out.

A story is one short line for each effect, in order: `connection disconnected 80003 in 12000`,
`send ATTACH orders`, `ok 1`. What every CONNECTED confirms and what only a debug log shows are
left out; `effects` has it all.
"""

from __future__ import annotations

from typing import Any, TypeVar

from ably_realtime._core.config import Config
from ably_realtime._core.effects import (
    CancelRequest,
    ChannelChanged,
    CheckConnectivity,
    ClientIdConfirmed,
    CloseTransport,
    ConnectionChanged,
    Deliver,
    DeliverAnnotations,
    DeliverPresence,
    Discontinuity,
    Effect,
    Forget,
    HostInUse,
    OpenTransport,
    Reject,
    RequestToken,
    Resolve,
    Send,
    Trace,
    Warn,
)
from ably_realtime._core.inputs import (
    Attach,
    Close,
    Connect,
    Detach,
    Dropped,
    Input,
    Received,
    TimersDue,
)
from ably_realtime._core.session import Session
from ably_realtime._wire.error_info import ErrorInfo
from ably_realtime._wire.frames import Action, ConnectionDetails, Frame
from ably_realtime._wire.secret import Secret
from ably_realtime.messages import Message
from ably_realtime.states import ChannelState, ConnectionState

T = TypeVar("T")

START = 1_000_000.0
"""Where the monotonic clock of every story begins; its origin means nothing."""

SINCE_EPOCH = 1_700_000_000_000.0
"""What the wall clock shows where the monotonic clock shows nought."""

MINUTE = 60_000.0


def error(code: int, status: int | None = None) -> ErrorInfo:
    """An error of the server or the network, by its code."""
    return ErrorInfo(code, code // 100 if status is None else status, f"error {code}")


UNREACHABLE = error(80003, 400)
TOKEN_EXPIRED = error(40142)


def connected(
    id: str = "c1",  # noqa: A002 - the name of the field
    key: str = "k1",
    *,
    error: ErrorInfo | None = None,
    **details: Any,
) -> Frame:
    return Frame(
        Action.CONNECTED,
        connection_id=id,
        connection_details=ConnectionDetails(connection_key=Secret(key), **details),
        error=error,
    )


def attached(
    channel: str = "orders", serial: str | None = None, *, flags: int = 0, **fields: Any
) -> Frame:
    return Frame(Action.ATTACHED, channel=channel, channel_serial=serial, flags=flags, **fields)


def detached(channel: str = "orders", error: ErrorInfo | None = None) -> Frame:
    return Frame(Action.DETACHED, channel=channel, error=error)


def failed(channel: str | None = None, error: ErrorInfo | None = None) -> Frame:
    return Frame(Action.ERROR, channel=channel, error=error)


def message(channel: str = "orders", *data: object, serial: str | None = None) -> Frame:
    messages = [item if isinstance(item, Message) else Message(data=item) for item in data]
    return Frame(Action.MESSAGE, channel=channel, messages=messages, channel_serial=serial)


def ack(serial: int, count: int = 1) -> Frame:
    return Frame(Action.ACK, msg_serial=serial, count=count)


class Client:
    """A session with the clock in hand.

    It authenticates with a key, has no fallback hosts, and its random numbers are all `random`.
    """

    def __init__(self, *, random: float = 0.5, **config: Any) -> None:
        self.session = Session(
            Config(**{"primary_host": "main", "key": Secret("key"), **config}),
            random=lambda: random,
            wall_clock=lambda: self.now + SINCE_EPOCH,
        )
        self.connection = self.session.connection
        self.now = START
        self.effects: list[Effect] = []
        self._settled: dict[int, Resolve | Reject] = {}
        self._ops = 1_000

    def do(self, *events: Input) -> list[str]:
        """Let events happen now; returns their story."""
        effects: list[Effect] = []
        for event in events:
            effects += self.session.handle(event, self.now)
        for effect in effects:
            self.effects.append(effect)
            if isinstance(effect, Resolve | Reject):
                assert effect.op not in self._settled, f"op {effect.op} was settled twice"
                self._settled[effect.op] = effect
            if isinstance(effect, Send):
                assert effect.attempt == self.attempt, "only the latest transport is sent to"
        return [line for effect in effects if (line := tell(effect)) is not None]

    def advance(self, duration: float) -> list[str]:
        """Let time pass; every timer fires when it is due."""
        until = self.now + duration
        story: list[str] = []
        while (deadline := self.session.next_deadline) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            story += self.do(TimersDue())
        self.now = until
        return story

    def receive(self, *frames: Frame) -> list[str]:
        return self.do(*(Received(self.attempt, frame) for frame in frames))

    def drop(self, why: ErrorInfo = UNREACHABLE, *, try_elsewhere: bool = False) -> list[str]:
        return self.do(Dropped(self.attempt, why, try_elsewhere))

    def connect(self, frame: Frame | None = None) -> list[str]:
        return self.do(Connect()) + self.receive(frame or connected())

    def attach(self, channel: str = "orders", serial: str | None = None) -> list[str]:
        return self.do(Attach(self.new_op(), channel)) + self.receive(attached(channel, serial))

    def close(self) -> list[str]:
        return self.do(Close()) + self.receive(Frame(Action.CLOSED))

    def new_op(self) -> int:
        self._ops += 1
        return self._ops

    @property
    def attempt(self) -> int:
        """The number of the latest dial."""
        return self.last(OpenTransport).attempt

    def last(self, kind: type[T]) -> T:
        """The latest effect of a kind."""
        return self.all(kind)[-1]

    def all(self, kind: type[T]) -> list[T]:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def sent(self, action: Action) -> list[Frame]:
        return [send.frame for send in self.all(Send) if send.frame.action == action]

    def outcome(self, op: int) -> object:
        """What an operation resolved with, the code of its error, or "pending"."""
        effect = self._settled.get(op)
        if effect is None:
            return "pending"
        return effect.value if isinstance(effect, Resolve) else effect.error.code

    def dialled_with(self, name: str) -> str | None:
        """A query parameter of the latest dial."""
        value = self.last(OpenTransport).params.get(name)
        return value.reveal() if isinstance(value, Secret) else value


def client_in(state: ConnectionState, **config: Any) -> Client:
    """A client whose connection came to be in a state, and was CONNECTED where that can be."""
    client = Client(**config)
    match state:
        case ConnectionState.INITIALIZED:
            pass
        case ConnectionState.CONNECTING:
            client.do(Connect())
        case _:
            client.connect()
    lead_to(client, state)
    assert client.connection.state is state
    return client


def lead_to(client: Client, state: ConnectionState) -> list[str]:
    """Make a CONNECTED client's connection take another state."""
    story: list[str] = []
    match state:
        case ConnectionState.DISCONNECTED:
            story = client.drop()
        case ConnectionState.SUSPENDED:
            story = client.drop()
            while client.connection.state is not state:
                deadline = client.session.next_deadline
                assert deadline is not None
                story += client.advance(deadline - client.now)
        case ConnectionState.CLOSING:
            story = client.do(Close())
        case ConnectionState.CLOSED:
            story = client.close()
        case ConnectionState.FAILED:
            story = client.receive(failed(error=error(40400)))
    return story


def put_channel(client: Client, state: ChannelState, name: str = "orders") -> None:
    """Bring a channel of a CONNECTED client into a state."""
    match state:
        case ChannelState.ATTACHING:
            client.do(Attach(client.new_op(), name))
        case ChannelState.ATTACHED:
            client.attach(name)
        case ChannelState.DETACHING:
            client.attach(name)
            client.do(Detach(client.new_op(), name))
        case ChannelState.DETACHED:
            client.attach(name)
            client.do(Detach(client.new_op(), name))
            client.receive(detached(name))
        case ChannelState.SUSPENDED:
            client.do(Attach(client.new_op(), name))
            client.receive(detached(name, error(50000)))
        case ChannelState.FAILED:
            client.attach(name)
            client.receive(failed(name, error(40160, 401)))
    assert client.session.channel(name).state is state


def tell(effect: Effect) -> str | None:
    """One line of a story."""
    match effect:
        case OpenTransport(attempt, host):
            return f"open {attempt} {host}"
        case CloseTransport(attempt):
            return f"close {attempt}"
        case Send(_, frame):
            return _words("send", Action(frame.action).name, frame.channel, _serial(frame))
        case RequestToken(request, refused):
            return _words("token", request, refused and f"but {refused.reveal()}")
        case CheckConnectivity(request):
            return f"check {request}"
        case CancelRequest(request):
            return f"cancel {request}"
        case Resolve(op):
            return f"ok {op}"
        case Reject(op, why):
            return f"failed {op} {why.code}"
        case ConnectionChanged():
            wait = None if effect.retry_in is None else f"in {effect.retry_in:.0f}"
            return _words("connection", effect.event, effect.reason and effect.reason.code, wait)
        case ChannelChanged():
            return _words(
                effect.channel,
                effect.event,
                effect.reason and effect.reason.code,
                "resumed" if effect.resumed else None,
                "backlog" if effect.has_backlog else None,
            )
        case Deliver(channel, messages):
            return _words("deliver", channel, *(item.data for item in messages))
        case DeliverPresence(channel, members):
            return _words("presence", channel, *(member.client_id for member in members))
        case DeliverAnnotations(channel, annotations):
            return _words("annotations", channel, *(item.name for item in annotations))
        case Discontinuity(channel, reason):
            return _words("gap", channel, reason and reason.code)
        case Forget(channel):
            return f"forget {channel}"
        case HostInUse(host):
            return f"rest uses {host}"
        case Warn(_, why):
            return _words("warn", why and why.code)
        case ClientIdConfirmed() | Trace():
            return None


def _serial(frame: Frame) -> str | None:
    if frame.msg_serial is not None:
        return f"#{frame.msg_serial}"
    return frame.channel_serial or frame.id


def _words(*words: object) -> str:
    return " ".join(str(word) for word in words if word is not None)
