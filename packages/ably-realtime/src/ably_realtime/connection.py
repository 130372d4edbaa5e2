"""The connection, as the application sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, overload

from ._core import effects as fx
from ._core import faults
from ._core import inputs as do
from ._driver.engine import Engine, new_ping_token
from ._wire.error_info import ErrorInfo
from ._wire.frames import ConnectionDetails
from .errors import AblyError
from .events import Emitter, check_listener, read_member, to_await
from .states import ConnectionEvent, ConnectionState, ConnectionStateChange
from .waiting import wait_for_state

_DEAD_ENDS = frozenset({ConnectionState.CLOSED, ConnectionState.FAILED})
"""States that are left only when the application calls `connect()`."""


class Connection(Emitter[ConnectionStateChange]):
    """The connection to Ably: its state, and what can be asked of it (RTN)."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(ConnectionEvent, engine.listener_tasks, frozenset(_DEAD_ENDS))
        self._engine = engine
        self._core = engine.session.connection

    def __repr__(self) -> str:
        return f"<Connection {self.state} id={self.id!r}>"

    @property
    def state(self) -> ConnectionState:
        """The state right now (RTN4d)."""
        return self._core.state

    @property
    def error_reason(self) -> AblyError | None:
        """What last went wrong; unset once the connection is well again (RTN25)."""
        reason = self._core.error_reason
        return None if reason is None else AblyError.from_info(reason)

    @property
    def id(self) -> str | None:
        """The public id of this connection, unset before it and once it has ended (RTN8)."""
        return self._core.id

    @property
    def key(self) -> str | None:
        """The private key that resumes this connection: treat it as a credential (RTN9)."""
        return None if self._core.key is None else self._core.key.reveal()

    @property
    def details(self) -> ConnectionDetails:
        """What the server last said about this connection (CD2)."""
        return self._core.details

    def connect(self) -> None:
        """Connect, or try again at once instead of waiting (RTN11). Returns immediately."""
        self._engine.post(do.Connect())

    async def close(self) -> None:
        """Close, and return once the connection is CLOSED or has FAILED (RTN12).

        The server has `realtime_request_timeout` to answer, a connection being opened as long to
        open, and running listeners and sockets as long to end. Raises nothing.
        """
        self._engine.dont_connect()
        self._engine.post(do.Close())
        await wait_for_state(self, _DEAD_ENDS, frozenset(), lambda: self._unusable("wait"))
        await self._engine.settle(self._engine.request_timeout)

    async def ping(self) -> float:
        """Measure a round trip to the server, in milliseconds (RTN13).

        While connecting or disconnected it waits for the connection. Raises `AblyError` if the
        echo does not come within `realtime_request_timeout` of being sent, and in states from
        which the connection does not come back by itself.
        """
        elapsed: float = await self._engine.submit(do.Ping, new_ping_token())
        return elapsed

    async def once_async(self, state: str | None = None) -> ConnectionStateChange | None:
        """Wait for a state: returns at once, with None, if the connection is in it.

        Without a state it waits for the next change. Raises `AblyError` as soon as what it waits
        for can no longer come without a call to `connect()`.
        """
        wanted = None if state is None else frozenset({read_member(ConnectionState, state)})
        self._engine.bind()
        change: ConnectionStateChange | None = await wait_for_state(
            self,
            wanted,
            _DEAD_ENDS - (wanted or frozenset()),
            lambda: self._unusable(f"wait for {state or 'a change'}"),
        )
        return change

    @overload
    def when_state(self, state: str) -> Awaitable[ConnectionStateChange | None]: ...
    @overload
    def when_state(
        self, state: str, listener: Callable[[ConnectionStateChange | None], Any]
    ) -> None: ...
    def when_state(
        self,
        state: str,
        listener: Callable[[ConnectionStateChange | None], Any] = to_await,
    ) -> Awaitable[ConnectionStateChange | None] | None:
        """Call `listener` once in that state: now, with None, or at the next change (RTN26).

        Without a listener it is something to await, the same as `once_async`.
        """
        if listener is to_await:
            return self.once_async(state)
        check_listener(listener)
        if self.state is read_member(ConnectionState, state):
            self.call_now(listener)
        else:
            self.once(state, listener)
        return None

    def create_recovery_key(self) -> str | None:
        """What a later client needs to continue from here, for its `recover` option (RTN16g).

        A credential. None while there is nothing to recover.
        """
        key = self._engine.session.recovery_key()
        return None if key is None else key.encode()

    def network_lost(self) -> None:
        """Tell the client that the network is gone, where the application knows (RTN20a)."""
        self._engine.post(do.NetworkLost())

    def network_available(self) -> None:
        """Tell the client that the network is back, where the application knows (RTN20b)."""
        self._engine.post(do.NetworkAvailable())

    def _unusable(self, operation: str) -> ErrorInfo:
        return faults.connection_unusable(self.state, operation, self._core.error_reason)

    def announce(self, change: fx.ConnectionChanged) -> None:
        """Tell the listeners; called by the client."""
        reason = None if change.reason is None else AblyError.from_info(change.reason)
        told = ConnectionStateChange(
            change.previous, change.current, change.event, reason, change.retry_in
        )
        self.emit(change.event, told)
