"""Presence on a channel, as the application sees it (RTP)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from ._core import inputs as do
from ._core.presence import presence_frame
from .context import Context
from .errors import AblyError
from .implicit_attach import attach_if_asked, check_granted
from .presence_messages import PresenceAction, PresenceMessage
from .publishing import bad_argument
from .states import ChannelMode, ChannelState, ConnectionState
from .streams import Overflow, Stream
from .subscribers import Subscribers
from .subscription import Subscription

if TYPE_CHECKING:
    from .channel import Channel

OnPresence = Callable[[PresenceMessage], Any]
Kind = str | PresenceAction
Kinds = Kind | Iterable[Kind]


class Presence:
    """Who is on a channel, and being there."""

    def __init__(self, channel: Channel, context: Context) -> None:
        self._channel = channel
        self._context = context
        self._engine = context.engine
        self._core = context.engine.session.channel(channel.name).presence
        self._subscribers: Subscribers[PresenceMessage] = Subscribers(
            context.engine.listener_tasks, lambda message: message.action, _read_action
        )

    @property
    def sync_complete(self) -> bool:
        """Whether all members are known (RTP13)."""
        return self._core.sync_complete

    async def get(
        self,
        wait_for_sync: bool = True,
        client_id: str | None = None,
        connection_id: str | None = None,
    ) -> list[PresenceMessage]:
        """The members present, all or those of a client or connection (RTP11).

        Attaches the channel first, and waits until all members are known unless
        `wait_for_sync=False`. Raises `AblyError` where the channel cannot be attached, and on a
        SUSPENDED one unless `wait_for_sync=False`.
        """
        if self._channel.state not in (
            ChannelState.ATTACHED,
            ChannelState.SUSPENDED,
            ChannelState.FAILED,
        ):  # RTP11e
            await self._channel.attach()
        check_granted(
            self._channel,
            ChannelMode.PRESENCE_SUBSCRIBE,
            strict=self._context.options.strict_mode,
        )
        members: list[PresenceMessage] = await self._channel.call(
            do.GetPresence, self._channel.name, client_id, connection_id, wait_for_sync
        )
        return members

    async def enter(self, data: Any = None, extras: Mapping[str, Any] | None = None) -> None:
        """Enter as this client, or update its data if it is there (RTP8).

        Returns when the server has it. Attaches an INITIALIZED channel. Raises `AblyError` for a
        client without a client_id, on a channel that is not attached, and for what the server
        refuses.
        """
        await self._change(PresenceAction.ENTER, None, data, extras)

    async def update(self, data: Any = None, extras: Mapping[str, Any] | None = None) -> None:
        """Update this client's data, entering if it is not there (RTP9). As `enter`."""
        await self._change(PresenceAction.UPDATE, None, data, extras)

    async def leave(self, data: Any = None, extras: Mapping[str, Any] | None = None) -> None:
        """Leave as this client; its last data goes with it unless other is given (RTP10)."""
        await self._change(PresenceAction.LEAVE, None, data, extras)

    async def enter_client(
        self, client_id: str, data: Any = None, extras: Mapping[str, Any] | None = None
    ) -> None:
        """Enter on behalf of a client (RTP14). As `enter`; the client must be free to do so."""
        await self._change(PresenceAction.ENTER, client_id, data, extras)

    async def update_client(
        self, client_id: str, data: Any = None, extras: Mapping[str, Any] | None = None
    ) -> None:
        """Update on behalf of a client (RTP15)."""
        await self._change(PresenceAction.UPDATE, client_id, data, extras)

    async def leave_client(
        self, client_id: str, data: Any = None, extras: Mapping[str, Any] | None = None
    ) -> None:
        """Leave on behalf of a client (RTP15)."""
        await self._change(PresenceAction.LEAVE, client_id, data, extras)

    @overload
    async def subscribe(self, listener: OnPresence, /) -> Subscription: ...
    @overload
    async def subscribe(self, actions: Kinds, listener: OnPresence, /) -> Subscription: ...
    async def subscribe(self, *args: Any) -> Subscription:
        """Deliver presence messages to `listener`, all or those of some actions (RTP6).

        Attaches and raises as `Channel.subscribe` does.
        """
        subscription = self._subscribers.add(args)
        await attach_if_asked(self._channel)
        return subscription

    @overload
    def unsubscribe(self) -> None: ...
    @overload
    def unsubscribe(self, listener: OnPresence, /) -> None: ...
    @overload
    def unsubscribe(self, actions: Kinds, listener: OnPresence, /) -> None: ...
    def unsubscribe(self, *args: Any) -> None:
        """Remove all listeners, one, or one from some actions (RTP7)."""
        self._subscribers.remove(args)

    def messages(
        self,
        actions: Kinds | None = None,
        *,
        max_pending: int = 65_536,
        overflow: Overflow = "error",
    ) -> Stream[PresenceMessage]:
        """Presence messages to iterate over, as `Channel.messages` has them for messages."""
        return self._channel.stream(
            self._subscribers,
            actions,
            lambda: attach_if_asked(self._channel),
            max_pending=max_pending,
            overflow=overflow,
        )

    async def history(
        self,
        *,
        start: Any = None,
        end: Any = None,
        direction: str | None = None,
        limit: int | None = None,
    ) -> Any:
        """A page of past presence messages, newest first unless `direction="forwards"` (RTP12)."""
        params = {"start": start, "end": end, "direction": direction, "limit": limit}
        return await self._channel.rest().presence_history(params)

    def deliver(self, messages: Sequence[PresenceMessage]) -> None:
        """Hand presence messages to the subscribers; called by the client."""
        self._subscribers.deliver(messages)

    async def _change(
        self,
        action: PresenceAction,
        client_id: str | None,
        data: Any,
        extras: Mapping[str, Any] | None,
    ) -> None:
        self._check_identity(client_id)
        message = PresenceMessage(action=action, client_id=client_id, data=data, extras=extras)
        (packed,) = self._channel.packer().pack([message])
        frame = presence_frame(self._channel.name, packed)
        await self._channel.call(do.ChangePresence, frame)

    def _check_identity(self, client_id: str | None) -> None:
        own = self._context.access.client_id
        if client_id is None:
            connected = self._engine.session.connection.state is ConnectionState.CONNECTED
            if connected and own in (None, "*"):  # RTP8j
                raise AblyError(
                    code=91000 if own is None else 40012,
                    status_code=400,
                    message="this client has no client_id of its own to be present with",
                    hint="Give the client a client_id, or use the _client methods.",
                )
        elif client_id in ("", "*"):
            raise bad_argument("a client_id is not empty, and not '*'")
        elif own not in (None, "*", client_id):  # RTP15f
            raise AblyError(
                code=40012,
                status_code=400,
                message=f"this client is {own!r} and cannot act for {client_id!r}",
            )


def _read_action(kind: Kind) -> PresenceAction:
    if isinstance(kind, PresenceAction):
        return kind
    try:
        return PresenceAction[str(kind).upper()]
    except KeyError:
        raise bad_argument(f"{kind!r} is no presence action") from None
