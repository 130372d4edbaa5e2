"""A channel, as the application sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, overload

from ._core import effects as fx
from ._core import inputs as do
from ._core.channel_settings import ChannelSettings
from ._driver.engine import Engine
from ._driver.listeners import Listener
from ._rest.access import Access
from ._wire.frames import Action, Frame
from .errors import AblyError
from .events import Emitter
from .messages import Message, PublishResult
from .options import ChannelOptions, stringify
from .publishing import prepare, read_arguments
from .states import (
    ChannelEvent,
    ChannelMode,
    ChannelProperties,
    ChannelState,
    ChannelStateChange,
)
from .waiting import wait_for_state

_DEAD_ENDS = frozenset({ChannelState.FAILED})
"""States that are left only when the application calls `attach()`."""

_ATTACH_FIRST = frozenset(
    {
        ChannelState.INITIALIZED,
        ChannelState.ATTACHING,
        ChannelState.DETACHING,
        ChannelState.DETACHED,
    }
)  # RTL7g

OnMessage = Callable[[Message], Any]


class Subscription:
    """A registered listener; `unsubscribe()` ends it."""

    def __init__(self, channel: Channel, names: frozenset[str] | None, listener: Listener) -> None:
        self._channel = channel
        self.names = names
        self.listener = listener

    def unsubscribe(self) -> None:
        """Deliver nothing more to this listener. Calling it again does nothing."""
        self._channel.remove(self)


class Channel(Emitter[ChannelStateChange]):
    """A channel: attach, subscribe, publish (RTL)."""

    def __init__(
        self, name: str, options: ChannelOptions, engine: Engine, access: Access, *, binary: bool
    ) -> None:
        super().__init__(ChannelEvent, engine.listener_tasks)
        self.internal = Emitter[ChannelStateChange](ChannelEvent, engine.listener_tasks)
        self._name = name
        self._engine = engine
        self._access = access
        self._binary = binary
        self._core = engine.session.channel(name)
        self._core.settings = _settings(options)
        self._options = options
        self._subscriptions: tuple[Subscription, ...] = ()

    def __repr__(self) -> str:
        return f"<Channel {self._name!r} {self.state}>"

    @property
    def name(self) -> str:
        """The name of this channel (RTL23)."""
        return self._name

    @property
    def state(self) -> ChannelState:
        """The state right now (RTL2b)."""
        return self._core.state

    @property
    def error_reason(self) -> AblyError | None:
        """What last went wrong on this channel (RTL24)."""
        reason = self._core.error_reason
        return None if reason is None else AblyError.from_info(reason)

    @property
    def properties(self) -> ChannelProperties:
        """The serials of this channel (RTL15)."""
        return ChannelProperties(self._core.attach_serial, self._core.channel_serial)

    @property
    def options(self) -> ChannelOptions:
        """The options last set."""
        return self._options

    @property
    def modes(self) -> frozenset[ChannelMode]:
        """What the server granted at the last attach (RTL4m)."""
        return self._core.modes

    @property
    def params(self) -> dict[str, str]:
        """The channel parameters that the server accepted at the last attach (RTL4k1)."""
        return dict(self._core.params)

    async def attach(self) -> None:
        """Attach, and return once the channel is ATTACHED (RTL4).

        Raises `AblyError` if it becomes anything else instead, or if the server does not answer
        within `realtime_request_timeout`. Before there is a connection it waits for one.
        """
        await self._engine.call(lambda op: do.Attach(op, self._name))

    async def detach(self) -> None:
        """Detach, and return once the channel is DETACHED (RTL5).

        Raises `AblyError` if the channel has FAILED, or if the server does not answer within
        `realtime_request_timeout`; the channel then is as it was before.
        """
        await self._engine.call(lambda op: do.Detach(op, self._name))

    async def set_options(self, options: ChannelOptions) -> None:
        """Set the options, and return once they are in force (RTL16).

        Params and modes of an attached channel are in force when the server has attached it
        again; `AblyError` says that it did not.
        """
        self._options = options
        settings = _settings(options)
        await self._engine.call(lambda op: do.Configure(op, self._name, settings))

    @overload
    async def subscribe(self, listener: OnMessage, /) -> Subscription: ...
    @overload
    async def subscribe(
        self, name: str | Iterable[str], listener: OnMessage, /
    ) -> Subscription: ...
    async def subscribe(self, *args: Any) -> Subscription:
        """Deliver messages to `listener`: all, or those of one name or several (RTL7).

        Attaches the channel first, unless its options say otherwise, and returns when it is
        attached. If that fails `AblyError` is raised and the listener stays registered (RTL7g).
        A sync listener runs as each message arrives. An async one takes the messages one after
        another, in order; a slow one delays only itself.
        """
        names, callback = _read_subscriber(args)
        listener = Listener(callback, self._engine.listener_tasks)
        subscription = Subscription(self, names, listener)
        self._subscriptions = (*self._subscriptions, subscription)
        if self._options.attach_on_subscribe and self.state in _ATTACH_FIRST:
            await self.attach()
        return subscription

    @overload
    def unsubscribe(self) -> None: ...
    @overload
    def unsubscribe(self, listener: OnMessage, /) -> None: ...
    @overload
    def unsubscribe(self, name: str | Iterable[str], listener: OnMessage, /) -> None: ...
    def unsubscribe(self, *args: Any) -> None:
        """Remove all subscriptions, those of a listener, or its subscription to names (RTL8)."""
        if not args:
            self._subscriptions = ()
            return
        names, callback = _read_subscriber(args)
        self._subscriptions = tuple(
            subscription
            for subscription in self._subscriptions
            if subscription.listener.callback != callback
            or (names is not None and subscription.names != names)
        )

    @overload
    async def publish(self, message: Message | dict[str, Any], /) -> PublishResult: ...
    @overload
    async def publish(self, messages: list[Message], /) -> PublishResult: ...
    @overload
    async def publish(
        self, name: str | None = ..., data: Any = ..., /, **fields: Any
    ) -> PublishResult: ...
    async def publish(self, /, *args: Any, **fields: Any) -> PublishResult:
        """Publish a message or several, and return their serials once the server has them (RTL6).

        Takes a name and data, a `Message`, a dict of its fields, or a list of those, sent as one.
        Does not attach the channel. While there is no connection the messages are queued, if
        `queue_messages` allows. Raises `AblyError` for what cannot be sent, before anything is,
        and for what the server refuses. Cancelling the wait does not take the messages back.
        """
        messages = prepare(
            read_arguments(args, fields),
            binary=self._binary,
            max_size=self._engine.session.max_message_size,
            client_id=self._access.client_id,
        )
        frame = Frame(Action.MESSAGE, channel=self._name, messages=messages)
        result: PublishResult = await self._engine.call(lambda op: do.Publish(op, frame))
        return result

    async def once_async(self, state: str) -> ChannelStateChange | None:
        """Wait for a state: returns at once, with None, if the channel is in it.

        Raises `AblyError` as soon as the state can no longer come without a call to `attach()`.
        """
        wanted = ChannelState(state)
        self._engine.bind()
        change: ChannelStateChange | None = await wait_for_state(
            self, frozenset({wanted}), _DEAD_ENDS - {wanted}
        )
        return change

    def when_state(self, state: str, listener: Callable[[ChannelStateChange | None], Any]) -> None:
        """Call `listener` once in that state: now, with None, or at the next change (RTL25)."""
        if self.state is ChannelState(state):
            self.call_now(listener)
        else:
            self.once(state, listener)

    # -- called by the client

    def replace_options(self, options: ChannelOptions) -> None:
        """Set options that take effect without attaching again (RTS3c, RTS3c1)."""
        settings = _settings(options)
        if settings != self._core.settings and self._core.must_reattach_for(settings):
            raise AblyError(
                code=40000,
                status_code=400,
                message=f"these options would attach channel {self._name!r} again",
                hint="Use `await channel.set_options(options)`.",
            )
        self._options = options
        self._core.settings = settings

    def announce(self, change: fx.ChannelChanged) -> None:
        """Tell the listeners of the channel's state."""
        reason = None if change.reason is None else AblyError.from_info(change.reason)
        told = ChannelStateChange(
            change.previous,
            change.current,
            change.event,
            reason,
            change.resumed,
            change.has_backlog,
        )
        self.internal.emit(change.event, told)
        self.emit(change.event, told)

    def deliver(self, messages: list[Message]) -> None:
        """Hand messages to the subscribers there are now, in order."""
        for message in messages:
            for subscription in self._subscriptions:
                if subscription.names is None or message.name in subscription.names:
                    subscription.listener(message)

    def remove(self, subscription: Subscription) -> None:
        """End one subscription."""
        self._subscriptions = tuple(s for s in self._subscriptions if s is not subscription)


def _read_subscriber(args: tuple[Any, ...]) -> tuple[frozenset[str] | None, OnMessage]:
    match args:
        case (callback,) if callable(callback):
            return None, callback
        case (str() as name, callback) if callable(callback):
            return frozenset({name}), callback
        case (names, callback) if callable(callback) and isinstance(names, Iterable):
            return frozenset(names), callback
    raise AblyError(
        code=40000,
        status_code=400,
        message="subscribing takes a callable, or a name (or several) and a callable",
    )


def _settings(options: ChannelOptions) -> ChannelSettings:
    return ChannelSettings(
        params={name: stringify(value) for name, value in options.params.items()},
        modes=frozenset(options.modes),
    )
