"""A channel, as the application sees it."""

# Written by `nox -s sync` from ../channel.py: change that and run it again.
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, overload

from ..channel import Channel as AsyncChannel
from ..channel import Names, OnMessage
from ..errors import AblyError
from ..events import to_await
from ..messages import Message, MessageOperation, PublishResult, UpdateDeleteResult
from ..options import ChannelOptions
from ..states import ChannelMode, ChannelProperties, ChannelState, ChannelStateChange
from ..streams import Overflow
from .annotations import Annotations
from .events import Emitter
from .presence import Presence
from .streams import Stream
from .subscription import Subscription


class Channel(Emitter[AsyncChannel, ChannelStateChange]):
    """A channel: attach, subscribe, publish (RTL)."""

    @property
    def name(self) -> str:
        """The name of this channel (RTL23)."""
        return self._source.name

    @property
    def state(self) -> ChannelState:
        """The state right now (RTL2b)."""
        return self._source.state

    @property
    def error_reason(self) -> AblyError | None:
        """What last went wrong on this channel (RTL24)."""
        return self._source.error_reason

    @property
    def properties(self) -> ChannelProperties:
        """The serials of this channel (RTL15)."""
        return self._call(lambda: self._source.properties)

    @property
    def options(self) -> ChannelOptions:
        """The options last set."""
        return self._source.options

    @property
    def modes(self) -> frozenset[ChannelMode]:
        """What the server granted at the last attach (RTL4m)."""
        return self._source.modes

    @property
    def params(self) -> dict[str, str]:
        """The channel parameters that the server accepted at the last attach (RTL4k1)."""
        return self._source.params

    @property
    def presence(self) -> Presence:
        """Who is present on this channel (RTL9)."""
        return self._facade(Presence, self._source.presence)

    @property
    def annotations(self) -> Annotations:
        """Annotations of the messages of this channel (RTL26)."""
        return self._facade(Annotations, self._source.annotations)

    def attach(self, *, timeout: float | None = None) -> None:
        """Attach, and return once the channel is ATTACHED (RTL4).

        Raises `AblyError` if it becomes anything else instead, or if the server does not answer
        within `realtime_request_timeout`. Before there is a connection it waits for one.

        Waits `timeout` milliseconds at most, if given.
        """
        self._wait(self._source.attach, timeout)

    def detach(self, *, timeout: float | None = None) -> None:
        """Detach, and return once the channel is DETACHED (RTL5).

        Raises `AblyError` if the channel has FAILED, or if the server does not answer within
        `realtime_request_timeout`; the channel then is as it was before.

        Waits `timeout` milliseconds at most, if given.
        """
        self._wait(self._source.detach, timeout)

    def set_options(self, options: Any, *, timeout: float | None = None) -> None:
        """Set the options, and return once they are in force (RTL16).

        Params and modes of an attached channel are in force when the server has attached it
        again; `AblyError` says that it did not.

        Waits `timeout` milliseconds at most, if given.
        """
        self._wait(lambda: self._source.set_options(options), timeout)

    @overload
    def subscribe(self, listener: OnMessage, /, *, timeout: float | None = ...) -> Subscription: ...

    @overload
    def subscribe(
        self, names: Names, listener: OnMessage, /, *, timeout: float | None = ...
    ) -> Subscription: ...

    def subscribe(self, *args: Any, timeout: float | None = None) -> Subscription:
        """Deliver messages to `listener`: all, those of some names, or those a filter takes (RTL7).

        Attaches the channel first, unless its options say otherwise, and returns when it is
        attached. If that fails `AblyError` is raised and the listener stays registered (RTL7g).
        The listener is called on the client's callback thread, or by its `callback_executor`,
        with one message after another, in order.

        Waits `timeout` milliseconds at most, if given.
        """
        heard = self._listener_last(args)
        return self._facade(
            Subscription, self._wait(lambda: self._source.subscribe(*heard), timeout)
        )

    @overload
    def unsubscribe(self) -> None: ...

    @overload
    def unsubscribe(self, listener: OnMessage, /) -> None: ...

    @overload
    def unsubscribe(self, names: Names, listener: OnMessage, /) -> None: ...

    def unsubscribe(self, *args: Any) -> None:
        """Remove all listeners, one, or its subscription to names (RTL8). Streams go on."""
        heard = self._listener_last(args)
        self._call(lambda: self._source.unsubscribe(*heard))

    def messages(
        self,
        names: Names | None = None,
        *,
        max_pending: int = 65536,
        overflow: Overflow = "error",
        timeout: float | None = None,
    ) -> Stream[Message]:
        """Messages to iterate over, all or as `subscribe` selects them.

            with channel.messages("created") as stream:
                for message in stream: ...

        Entering attaches the channel, as `subscribe` does. See `Stream` for the buffer.

        Each item is waited for `timeout` milliseconds at most, if given.
        """
        return Stream(
            self._bridge,
            self._call(
                lambda: self._source.messages(names, max_pending=max_pending, overflow=overflow)
            ),
            timeout,
        )

    def on_discontinuity(self, listener: Callable[[AblyError | None], Any]) -> Subscription:
        """Call `listener`, with the reason, whenever messages may have been missed.

        That is when the channel, attached before, is attached without having been resumed. Fetch
        what was missed from `history`. The handle returned ends it.
        """
        heard = self._listener(listener)
        return self._facade(Subscription, self._call(lambda: self._source.on_discontinuity(heard)))

    @overload
    def publish(
        self,
        message: Message | dict[str, Any],
        /,
        *,
        params: Mapping[str, Any] | None = ...,
        timeout: float | None = ...,
    ) -> PublishResult: ...

    @overload
    def publish(
        self,
        messages: list[Message] | list[dict[str, Any]],
        /,
        *,
        params: Mapping[str, Any] | None = ...,
        timeout: float | None = ...,
    ) -> PublishResult: ...

    @overload
    def publish(
        self,
        name: str | None = ...,
        data: Any = ...,
        /,
        *,
        timeout: float | None = ...,
        **fields: Any,
    ) -> PublishResult: ...

    def publish(
        self,
        /,
        *args: Any,
        params: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        **fields: Any,
    ) -> PublishResult:
        """Publish a message or several, and return their serials once the server has them (RTL6).

        Takes a name and data, a `Message`, a dict of its fields, or a list of those, sent as one;
        `params` go with it to the server (RTL6k). Does not attach the channel. While there is no
        connection the messages are queued, if `queue_messages` allows. Raises `AblyError` for what
        cannot be sent, before anything is, and for what the server refuses. Giving up the wait
        does not take the messages back.

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(lambda: self._source.publish(*args, params=params, **fields), timeout)

    def update_message(
        self,
        message: Any,
        operation: MessageOperation | None = None,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> UpdateDeleteResult:
        """Replace the fields of a published message, named by its serial (RTL32).

        Returns when the server has the new version; raises `AblyError` as `publish` does.

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(lambda: self._source.update_message(message, operation, params), timeout)

    def delete_message(
        self,
        message: Any,
        operation: MessageOperation | None = None,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> UpdateDeleteResult:
        """Delete a published message, named by its serial (RTL32).

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(lambda: self._source.delete_message(message, operation, params), timeout)

    def append_message(
        self,
        message: Any,
        operation: MessageOperation | None = None,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> UpdateDeleteResult:
        """Append to the data of a published message, named by its serial (RTL32).

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(lambda: self._source.append_message(message, operation, params), timeout)

    def history(
        self,
        *,
        start: Any = None,
        end: Any = None,
        direction: str | None = None,
        limit: int | None = None,
        until_attach: bool = False,
        timeout: float | None = None,
    ) -> Any:
        """A page of past messages, newest first unless `direction="forwards"` (RTL10).

        `start` and `end` are milliseconds since the epoch or datetimes. `until_attach` ends where
        the current attachment began, so that nothing is missing between the two; it needs an
        attached channel. Returns a paginated result; raises `AblyError`.

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(
            lambda: self._source.history(
                start=start, end=end, direction=direction, limit=limit, until_attach=until_attach
            ),
            timeout,
        )

    def get_message(self, message: str | Message, *, timeout: float | None = None) -> Message:
        """The latest version of a message, given by itself or its serial (RTL28).

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(lambda: self._source.get_message(message), timeout)

    def get_message_versions(
        self,
        message: str | Message,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> Any:
        """A page of the versions of a message, given by itself or its serial (RTL31).

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(lambda: self._source.get_message_versions(message, params), timeout)

    def once_async(
        self, state: str | None = None, *, timeout: float | None = None
    ) -> ChannelStateChange | None:
        """Wait for a state: returns at once, with None, if the channel is in it.

        Without a state it waits for the next change. Raises `AblyError` as soon as what it waits
        for can no longer come without a call to `attach()`.

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(lambda: self._source.once_async(state), timeout)

    @overload
    def when_state(
        self, state: str, *, timeout: float | None = ...
    ) -> ChannelStateChange | None: ...

    @overload
    def when_state(
        self, state: str, listener: Callable[[ChannelStateChange | None], Any]
    ) -> None: ...

    def when_state(
        self,
        state: str,
        listener: Callable[[ChannelStateChange | None], Any] = to_await,
        *,
        timeout: float | None = None,
    ) -> ChannelStateChange | None:
        """Call `listener` once in that state: now, with None, or at the next change (RTL25).

        Without a listener it waits, as does `once_async`.

        Waits `timeout` milliseconds at most, if given.
        """
        if listener is to_await:
            return self._wait(lambda: self._source.when_state(state), timeout)
        heard = self._listener(listener)
        self._call(lambda: self._source.when_state(state, heard))
        return None
