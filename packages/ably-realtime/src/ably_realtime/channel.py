"""A channel, as the application sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, TypeVarTuple, overload

from ._core import effects as fx
from ._core import faults
from ._core import inputs as do
from ._core.channel_settings import DEFAULT_SETTINGS, ChannelSettings
from ._driver.observer import tell
from ._rest.channel_rest import ChannelRest
from ._wire.frames import Action, Frame
from .annotations import Annotations
from .context import Context
from .crypto import cipher_of
from .errors import AblyError
from .events import Emitter, check_listener, read_member, to_await
from .implicit_attach import attach_if_asked, check_granted
from .messages import (
    Message,
    MessageAction,
    MessageFilter,
    MessageOperation,
    MessageVersion,
    PublishResult,
    UpdateDeleteResult,
)
from .options import DEFAULT_OPTIONS, ChannelOptions, read_channel_options, stringify
from .presence import Presence
from .publishing import Packer, bad_argument, read_message, stringified
from .serials import serial_of
from .states import (
    ChannelEvent,
    ChannelMode,
    ChannelProperties,
    ChannelState,
    ChannelStateChange,
)
from .streams import Overflow, Stream
from .subscribers import Subscribers, text_kind
from .subscription import Subscription
from .waiting import wait_for_state

_DEAD_ENDS = frozenset({ChannelState.FAILED})
"""States that are left only when the application calls `attach()`."""

Item = TypeVar("Item")
Arguments = TypeVarTuple("Arguments")
_LAST_EVENTS = frozenset({ChannelEvent.DETACHED, ChannelEvent.FAILED})
_NOTHING_WARNED_OF: frozenset[ChannelMode] = frozenset()

OnMessage = Callable[[Message], Any]
Names = str | Iterable[str] | MessageFilter


class Channel(Emitter[ChannelStateChange]):
    """A channel: attach, subscribe, publish (RTL)."""

    def __init__(self, name: str, options: ChannelOptions, context: Context) -> None:
        tasks = context.engine.listener_tasks
        super().__init__(ChannelEvent, tasks, _LAST_EVENTS)
        self._name = name
        self._context = context
        self._engine = context.engine
        self._core = context.engine.session.channel(name)
        self._core.set_settings(_settings(options))
        self._options = options
        # `Subscribers[Message](...)` would leave its type argument on every object.
        self._subscribers: Subscribers[Message] = Subscribers(tasks, _name_of, text_kind)
        self._discontinuities: Emitter[AblyError | None] | None = None
        self._presence: Presence | None = None
        self._annotations: Annotations | None = None
        self._warned = _NOTHING_WARNED_OF  # in this attachment
        self._released = False

    def __repr__(self) -> str:
        return f"<Channel {self._name!r} {self.state}>"

    # -- what it is

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

    @property
    def presence(self) -> Presence:
        """Who is present on this channel (RTL9)."""
        if self._presence is None:
            self._presence = Presence(self, self._context)
        return self._presence

    @property
    def annotations(self) -> Annotations:
        """Annotations of the messages of this channel (RTL26)."""
        if self._annotations is None:
            self._annotations = Annotations(self, self._context)
        return self._annotations

    # -- attaching

    async def attach(self) -> None:
        """Attach, and return once the channel is ATTACHED (RTL4).

        Raises `AblyError` if it becomes anything else instead, or if the server does not answer
        within `realtime_request_timeout`. Before there is a connection it waits for one.
        """
        await self.call(do.Attach, self._name)

    async def detach(self) -> None:
        """Detach, and return once the channel is DETACHED (RTL5).

        Raises `AblyError` if the channel has FAILED, or if the server does not answer within
        `realtime_request_timeout`; the channel then is as it was before.
        """
        await self.call(do.Detach, self._name)

    async def set_options(self, options: Any) -> None:
        """Set the options, and return once they are in force (RTL16).

        Params and modes of an attached channel are in force when the server has attached it
        again; `AblyError` says that it did not.
        """
        self._options = read_channel_options(options)
        settings = _settings(self._options)
        await self.call(do.Configure, self._name, settings)

    # -- subscribing

    @overload
    async def subscribe(self, listener: OnMessage, /) -> Subscription: ...
    @overload
    async def subscribe(self, names: Names, listener: OnMessage, /) -> Subscription: ...
    async def subscribe(self, *args: Any) -> Subscription:
        """Deliver messages to `listener`: all, those of some names, or those a filter takes (RTL7).

        Attaches the channel first, unless its options say otherwise, and returns when it is
        attached. If that fails `AblyError` is raised and the listener stays registered (RTL7g).
        A sync listener runs as each message arrives. An async one takes the messages one after
        another, in order; a slow one delays only itself.
        """
        subscription = self._subscribers.add(args)
        await self._be_able_to_receive()
        return subscription

    @overload
    def unsubscribe(self) -> None: ...
    @overload
    def unsubscribe(self, listener: OnMessage, /) -> None: ...
    @overload
    def unsubscribe(self, names: Names, listener: OnMessage, /) -> None: ...
    def unsubscribe(self, *args: Any) -> None:
        """Remove all listeners, one, or its subscription to names (RTL8). Streams go on."""
        self._subscribers.remove(args)

    def messages(
        self,
        names: Names | None = None,
        *,
        max_pending: int = 65_536,
        overflow: Overflow = "error",
    ) -> Stream[Message]:
        """Messages to iterate over, all or as `subscribe` selects them.

            async with channel.messages("created") as stream:
                async for message in stream: ...

        Entering attaches the channel, as `subscribe` does. See `Stream` for the buffer.
        """
        return self.stream(
            self._subscribers,
            names,
            self._be_able_to_receive,
            max_pending=max_pending,
            overflow=overflow,
        )

    def on_discontinuity(self, listener: Callable[[AblyError | None], Any]) -> Subscription:
        """Call `listener`, with the reason, whenever messages may have been missed.

        That is when the channel, attached before, is attached without having been resumed. Fetch
        what was missed from `history`. The handle returned ends it.
        """
        if self._discontinuities is None:
            self._discontinuities = Emitter(ChannelEvent, self._engine.listener_tasks)
        return self._discontinuities.on(listener)

    # -- publishing

    @overload
    async def publish(
        self, message: Message | dict[str, Any], /, *, params: Mapping[str, Any] | None = ...
    ) -> PublishResult: ...
    @overload
    async def publish(
        self,
        messages: list[Message] | list[dict[str, Any]],
        /,
        *,
        params: Mapping[str, Any] | None = ...,
    ) -> PublishResult: ...
    @overload
    async def publish(
        self, name: str | None = ..., data: Any = ..., /, **fields: Any
    ) -> PublishResult: ...
    async def publish(
        self, /, *args: Any, params: Mapping[str, Any] | None = None, **fields: Any
    ) -> PublishResult:
        """Publish a message or several, and return their serials once the server has them (RTL6).

        Takes a name and data, a `Message`, a dict of its fields, or a list of those, sent as one;
        `params` go with it to the server (RTL6k). Does not attach the channel. While there is no
        connection the messages are queued, if `queue_messages` allows. Raises `AblyError` for what
        cannot be sent, before anything is, and for what the server refuses. Cancelling the wait
        does not take the messages back.
        """
        messages = self.packer().messages(args, fields)
        frame = Frame(
            Action.MESSAGE,
            channel=self._name,
            messages=messages,
            params=stringified(params),
        )
        result: PublishResult = await self.send(frame)
        return result

    async def update_message(
        self,
        message: Any,
        operation: MessageOperation | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> UpdateDeleteResult:
        """Replace the fields of a published message, named by its serial (RTL32).

        Returns when the server has the new version; raises `AblyError` as `publish` does.
        """
        return await self._change(MessageAction.MESSAGE_UPDATE, message, operation, params)

    async def delete_message(
        self,
        message: Any,
        operation: MessageOperation | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> UpdateDeleteResult:
        """Delete a published message, named by its serial (RTL32)."""
        return await self._change(MessageAction.MESSAGE_DELETE, message, operation, params)

    async def append_message(
        self,
        message: Any,
        operation: MessageOperation | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> UpdateDeleteResult:
        """Append to the data of a published message, named by its serial (RTL32)."""
        return await self._change(MessageAction.MESSAGE_APPEND, message, operation, params)

    # -- the past, over REST

    async def history(
        self,
        *,
        start: Any = None,
        end: Any = None,
        direction: str | None = None,
        limit: int | None = None,
        until_attach: bool = False,
    ) -> Any:
        """A page of past messages, newest first unless `direction="forwards"` (RTL10).

        `start` and `end` are milliseconds since the epoch or datetimes. `until_attach` ends where
        the current attachment began, so that nothing is missing between the two; it needs an
        attached channel. Returns a paginated result; raises `AblyError`.
        """
        params = {"start": start, "end": end, "direction": direction, "limit": limit}
        if until_attach:
            params["from_serial"] = self._attach_serial()
        return await self.rest().history(params)

    async def get_message(self, message: str | Message) -> Message:
        """The latest version of a message, given by itself or its serial (RTL28)."""
        return await self.rest().message(serial_of(message))

    async def get_message_versions(
        self, message: str | Message, params: Mapping[str, Any] | None = None
    ) -> Any:
        """A page of the versions of a message, given by itself or its serial (RTL31)."""
        return await self.rest().versions(serial_of(message), params or {})

    # -- waiting for a state

    async def once_async(self, state: str | None = None) -> ChannelStateChange | None:
        """Wait for a state: returns at once, with None, if the channel is in it.

        Without a state it waits for the next change. Raises `AblyError` as soon as what it waits
        for can no longer come without a call to `attach()`.
        """
        wanted = None if state is None else frozenset({read_member(ChannelState, state)})
        self._engine.bind()
        change: ChannelStateChange | None = await wait_for_state(
            self,
            wanted,
            _DEAD_ENDS - (wanted or frozenset()),
            lambda: faults.channel_failed(self._name, self.state, self._core.error_reason),
        )
        return change

    @overload
    def when_state(self, state: str) -> Awaitable[ChannelStateChange | None]: ...
    @overload
    def when_state(
        self, state: str, listener: Callable[[ChannelStateChange | None], Any]
    ) -> None: ...
    def when_state(
        self,
        state: str,
        listener: Callable[[ChannelStateChange | None], Any] = to_await,
    ) -> Awaitable[ChannelStateChange | None] | None:
        """Call `listener` once in that state: now, with None, or at the next change (RTL25).

        Without a listener it is something to await, the same as `once_async`.
        """
        if listener is to_await:
            return self.once_async(state)
        check_listener(listener)
        if self.state is read_member(ChannelState, state):
            self.call_now(listener)
        else:
            self.once(state, listener)
        return None

    # -- for the rest of the package

    def stream(
        self,
        subscribers: Subscribers[Item],
        wanted: Any,
        prepare: Callable[[], Awaitable[None]],
        *,
        max_pending: int,
        overflow: Overflow,
    ) -> Stream[Item]:
        """A stream of what `subscribers` receive, which ends with this channel."""

        async def start(stream: Stream[Item]) -> Callable[[], None]:
            subscription = subscribers.add(
                (stream.put,) if wanted is None else (wanted, stream.put), is_stream=True
            )

            def ended(_: str, change: ChannelStateChange) -> None:
                if change.current is ChannelState.FAILED:
                    stream.end(change.reason)
                elif change.current is ChannelState.DETACHED:
                    stream.end(None)

            unwatch = self.watch(ended)

            def stop() -> None:
                subscription.unsubscribe()
                unwatch()

            try:
                await prepare()
            except BaseException:
                stop()
                raise
            if self.state is ChannelState.FAILED:
                stream.end(self.error_reason)
            return stop

        metrics = self._context.metrics
        on_drop = None if metrics is None else partial(tell, metrics.items_dropped, self._name, 1)
        return Stream(start, max_pending=max_pending, overflow=overflow, on_drop=on_drop)

    def call(
        self, operation: Callable[[int, *Arguments], do.Input], *arguments: *Arguments
    ) -> asyncio.Future[Any]:
        """Begin an operation on this channel; see `Engine.submit`."""
        self._check_not_released()
        return self._engine.submit(operation, *arguments)

    def send(self, frame: Frame) -> asyncio.Future[Any]:
        """Send what the server acknowledges, as `publish` does; see `Engine.publish`."""
        self._check_not_released()
        return self._engine.publish(frame)

    def was_released(self) -> None:
        """Nothing can be done with this object any more; called by the client."""
        self._released = True

    def packer(self) -> Packer:
        """What checks and encodes a publish on this channel."""
        return Packer(
            binary=self._context.options.use_binary_protocol,
            max_size=self._engine.session.max_message_size,
            client_id=self._context.access.client_id,
            cipher=self._core.settings.cipher,
        )

    def rest(self) -> ChannelRest:
        """This channel over REST."""
        return ChannelRest(self._context.access.ready_rest, self._name, self._core.settings.cipher)

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
        self._core.set_settings(settings)

    def announce(self, change: fx.ChannelChanged) -> None:
        """Tell the listeners of the channel's state."""
        if change.current is not ChannelState.ATTACHED:
            self._warned = _NOTHING_WARNED_OF
        if not self.is_heard:
            return
        reason = None if change.reason is None else AblyError.from_info(change.reason)
        told = ChannelStateChange(
            change.previous,
            change.current,
            change.event,
            reason,
            change.resumed,
            change.has_backlog,
        )
        self.emit(change.event, told)

    def first_warning_about(self, mode: ChannelMode) -> bool:
        """Whether nothing was said about this mode since the channel was attached."""
        if mode in self._warned:
            return False
        self._warned |= {mode}
        return True

    def deliver(self, messages: Sequence[Message]) -> None:
        """Hand messages to the subscribers."""
        self._subscribers.deliver(messages)

    def discontinued(self, reason: AblyError | None) -> None:
        """Tell that messages may have been missed."""
        if self._discontinuities is not None:
            self._discontinuities.emit(ChannelEvent.UPDATE, reason)

    # --

    def _check_not_released(self) -> None:
        if self._released:
            raise AblyError(
                code=90001,
                status_code=400,
                message=f"channel {self._name!r} was released",
                hint="Get it again with client.channels.get().",
            )

    async def _be_able_to_receive(self) -> None:
        await attach_if_asked(self)
        check_granted(self, ChannelMode.SUBSCRIBE, strict=self._context.options.strict_mode)

    async def _change(
        self,
        action: MessageAction,
        message: Any,
        operation: MessageOperation | None,
        params: Mapping[str, Any] | None,
    ) -> UpdateDeleteResult:
        target = read_message(message)
        serial_of(target)
        changed = replace(target, action=action, version=_version(operation))
        frame = Frame(
            Action.MESSAGE,
            channel=self._name,
            messages=self.packer().pack([changed]),
            params=stringified(params),
        )
        result: PublishResult = await self.send(frame)
        return UpdateDeleteResult(result.serials[0] if result.serials else None)

    def _attach_serial(self) -> str:
        if self.state is not ChannelState.ATTACHED or self._core.attach_serial is None:
            raise AblyError(
                code=40000,
                status_code=400,
                message=f"until_attach needs an attached channel; {self._name!r} is {self.state}",
            )
        return self._core.attach_serial


def _version(operation: MessageOperation | None) -> MessageVersion | None:
    if operation is None:
        return None
    if not hasattr(operation, "description"):
        raise bad_argument("the operation is a MessageOperation")
    return MessageVersion(
        client_id=operation.client_id,
        description=operation.description,
        metadata=operation.metadata,
    )


def _name_of(message: Message) -> str | None:
    return message.name


def _settings(options: ChannelOptions) -> ChannelSettings:
    if options is DEFAULT_OPTIONS:
        return DEFAULT_SETTINGS
    return ChannelSettings(
        params={name: stringify(value) for name, value in (options.params or {}).items()},
        modes=frozenset(options.modes or ()),
        cipher=cipher_of(options.cipher),
    )
