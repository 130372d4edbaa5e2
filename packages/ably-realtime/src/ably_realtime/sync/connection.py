"""The connection, as the application sees it."""

# Written by `nox -s sync` from ../connection.py: change that and run it again.
from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from .._wire.frames import ConnectionDetails
from ..connection import Connection as AsyncConnection
from ..errors import AblyError
from ..events import to_await
from ..states import ConnectionState, ConnectionStateChange
from .events import Emitter


class Connection(Emitter[AsyncConnection, ConnectionStateChange]):
    """The connection to Ably: its state, and what can be asked of it (RTN)."""

    @property
    def state(self) -> ConnectionState:
        """The state right now (RTN4d)."""
        return self._source.state

    @property
    def error_reason(self) -> AblyError | None:
        """What last went wrong; unset once the connection is well again (RTN25)."""
        return self._source.error_reason

    @property
    def id(self) -> str | None:
        """The public id of this connection, unset before it and once it has ended (RTN8)."""
        return self._source.id

    @property
    def key(self) -> str | None:
        """The private key that resumes this connection: treat it as a credential (RTN9)."""
        return self._source.key

    @property
    def details(self) -> ConnectionDetails:
        """What the server last said about this connection (CD2)."""
        return self._source.details

    def connect(self) -> None:
        """Connect, or try again at once instead of waiting (RTN11). Returns immediately."""
        self._call(self._source.connect)

    def close(self, *, timeout: float | None = None) -> None:
        """Close, and return once the connection is CLOSED or has FAILED (RTN12).

        The server has `realtime_request_timeout` to answer, a connection being opened as long to
        open, and its sockets as long to end. Raises nothing.

        Waits `timeout` milliseconds at most, if given.
        """
        self._wait(self._source.close, timeout)

    def ping(self, *, timeout: float | None = None) -> float:
        """Measure a round trip to the server, in milliseconds (RTN13).

        While connecting or disconnected it waits for the connection. Raises `AblyError` if the
        echo does not come within `realtime_request_timeout` of being sent, and in states from
        which the connection does not come back by itself.

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(self._source.ping, timeout)

    def once_async(
        self, state: str | None = None, *, timeout: float | None = None
    ) -> ConnectionStateChange | None:
        """Wait for a state: returns at once, with None, if the connection is in it.

        Without a state it waits for the next change. Raises `AblyError` as soon as what it waits
        for can no longer come without a call to `connect()`.

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(lambda: self._source.once_async(state), timeout)

    @overload
    def when_state(
        self, state: str, *, timeout: float | None = ...
    ) -> ConnectionStateChange | None: ...

    @overload
    def when_state(
        self, state: str, listener: Callable[[ConnectionStateChange | None], Any]
    ) -> None: ...

    def when_state(
        self,
        state: str,
        listener: Callable[[ConnectionStateChange | None], Any] = to_await,
        *,
        timeout: float | None = None,
    ) -> ConnectionStateChange | None:
        """Call `listener` once in that state: now, with None, or at the next change (RTN26).

        Without a listener it waits, as does `once_async`.

        Waits `timeout` milliseconds at most, if given.
        """
        if listener is to_await:
            return self._wait(lambda: self._source.when_state(state), timeout)
        heard = self._listener(listener)
        self._call(lambda: self._source.when_state(state, heard))
        return None

    def create_recovery_key(self) -> str | None:
        """What a later client needs to continue from here, for its `recover` option (RTN16g).

        A credential. None while there is nothing to recover.
        """
        return self._call(self._source.create_recovery_key)

    def network_lost(self) -> None:
        """Tell the client that the network is gone, where the application knows (RTN20a)."""
        self._call(self._source.network_lost)

    def network_available(self) -> None:
        """Tell the client that the network is back, where the application knows (RTN20b)."""
        self._call(self._source.network_available)
