"""Presence on a channel, as the application sees it (RTP)."""

# Written by `nox -s sync` from ../presence.py: change that and run it again.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, overload

from ..presence import Kinds, OnPresence
from ..presence import Presence as AsyncPresence
from ..presence_messages import PresenceMessage
from ..streams import Overflow
from .facade import Facade
from .streams import Stream
from .subscription import Subscription


class Presence(Facade[AsyncPresence]):
    """Who is on a channel, and being there."""

    @property
    def sync_complete(self) -> bool:
        """Whether all members are known (RTP13)."""
        return self._source.sync_complete

    def get(
        self,
        wait_for_sync: bool = True,
        client_id: str | None = None,
        connection_id: str | None = None,
        *,
        timeout: float | None = None,
    ) -> list[PresenceMessage]:
        """The members present, all or those of a client or connection (RTP11).

        Attaches the channel first, and waits until all members are known unless
        `wait_for_sync=False`. Raises `AblyError` where the channel cannot be attached, and on a
        SUSPENDED one unless `wait_for_sync=False`.

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(
            lambda: self._source.get(wait_for_sync, client_id, connection_id), timeout
        )

    def enter(
        self,
        data: Any = None,
        extras: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Enter as this client, or update its data if it is there (RTP8).

        Returns when the server has it. Attaches an INITIALIZED channel. Raises `AblyError` for a
        client without a client_id, on a channel that is not attached, and for what the server
        refuses.

        Waits `timeout` milliseconds at most, if given.
        """
        self._wait(lambda: self._source.enter(data, extras), timeout)

    def update(
        self,
        data: Any = None,
        extras: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Update this client's data, entering if it is not there (RTP9). As `enter`.

        Waits `timeout` milliseconds at most, if given.
        """
        self._wait(lambda: self._source.update(data, extras), timeout)

    def leave(
        self,
        data: Any = None,
        extras: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Leave as this client; its last data goes with it unless other is given (RTP10).

        Waits `timeout` milliseconds at most, if given.
        """
        self._wait(lambda: self._source.leave(data, extras), timeout)

    def enter_client(
        self,
        client_id: str,
        data: Any = None,
        extras: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Enter on behalf of a client (RTP14). As `enter`; the client must be free to do so.

        Waits `timeout` milliseconds at most, if given.
        """
        self._wait(lambda: self._source.enter_client(client_id, data, extras), timeout)

    def update_client(
        self,
        client_id: str,
        data: Any = None,
        extras: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Update on behalf of a client (RTP15).

        Waits `timeout` milliseconds at most, if given.
        """
        self._wait(lambda: self._source.update_client(client_id, data, extras), timeout)

    def leave_client(
        self,
        client_id: str,
        data: Any = None,
        extras: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Leave on behalf of a client (RTP15).

        Waits `timeout` milliseconds at most, if given.
        """
        self._wait(lambda: self._source.leave_client(client_id, data, extras), timeout)

    @overload
    def subscribe(
        self, listener: OnPresence, /, *, timeout: float | None = ...
    ) -> Subscription: ...

    @overload
    def subscribe(
        self, actions: Kinds, listener: OnPresence, /, *, timeout: float | None = ...
    ) -> Subscription: ...

    def subscribe(self, *args: Any, timeout: float | None = None) -> Subscription:
        """Deliver presence messages to `listener`, all or those of some actions (RTP6).

        Attaches and raises as `Channel.subscribe` does.

        Waits `timeout` milliseconds at most, if given.
        """
        heard = self._listener_last(args)
        return self._facade(
            Subscription, self._wait(lambda: self._source.subscribe(*heard), timeout)
        )

    @overload
    def unsubscribe(self) -> None: ...

    @overload
    def unsubscribe(self, listener: OnPresence, /) -> None: ...

    @overload
    def unsubscribe(self, actions: Kinds, listener: OnPresence, /) -> None: ...

    def unsubscribe(self, *args: Any) -> None:
        """Remove all listeners, one, or one from some actions (RTP7)."""
        heard = self._listener_last(args)
        self._call(lambda: self._source.unsubscribe(*heard))

    def messages(
        self,
        actions: Kinds | None = None,
        *,
        max_pending: int = 65536,
        overflow: Overflow = "error",
        timeout: float | None = None,
    ) -> Stream[PresenceMessage]:
        """Presence messages to iterate over, as `Channel.messages` has them for messages.

        Each item is waited for `timeout` milliseconds at most, if given.
        """
        return Stream(
            self._bridge,
            self._call(
                lambda: self._source.messages(actions, max_pending=max_pending, overflow=overflow)
            ),
            timeout,
        )

    def history(
        self,
        *,
        start: Any = None,
        end: Any = None,
        direction: str | None = None,
        limit: int | None = None,
        timeout: float | None = None,
    ) -> Any:
        """A page of past presence messages, newest first unless `direction="forwards"` (RTP12).

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(
            lambda: self._source.history(start=start, end=end, direction=direction, limit=limit),
            timeout,
        )
