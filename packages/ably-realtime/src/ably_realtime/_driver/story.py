"""What a log tells of a connection: that it was lost, each attempt that failed, that it is back.

Everything here runs when a state changes, never for a message.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from .._core import effects as fx
from .._core.connection import Connection
from .._wire.error_info import ErrorInfo
from ..errors import AblyError
from ..log import channel as channel_log
from ..log import connection as log
from ..metrics import Connected
from ..seams import Clock
from ..states import ChannelEvent, ChannelState, ConnectionState

C, S = ConnectionState, ChannelState

_KEPT_ERRORS = 20


@dataclass(frozen=True, slots=True)
class PastError:
    """An error that a state change had; `at` is in milliseconds since the epoch."""

    at: float
    where: str
    state: str
    error: ErrorInfo


class Story:
    """Follows one client."""

    def __init__(self, connection: Connection, clock: Clock, stack: str) -> None:
        self._stack: str | None = stack  # until it was told
        self._connection = connection
        self._clock = clock
        self._since: float | None = None  # when this outage, or the first attempt, began
        self._attempts_before = 0
        self._was_connected = False
        self._told: ConnectionState | None = None  # the worst that was said of this outage
        self.errors: deque[PastError] = deque(maxlen=_KEPT_ERRORS)

    def attempts(self) -> int:
        """Dials since the connection was lost, or since the first attempt began."""
        return self._connection.attempt - self._attempts_before

    def connection_changed(self, change: fx.ConnectionChanged) -> Connected | None:
        """Tell of a change; returns what there is to say of a new connection."""
        self._keep("connection", change.current, change.reason)
        match change.current:
            case C.CONNECTED if change.restored is not None:
                return self._back(change.restored)
            case C.CONNECTING:
                self._begin(self._connection.attempt - 1)
                log.debug("connecting")
            case C.DISCONNECTED if change.previous is C.CONNECTED:
                self._begin(self._connection.attempt)
                log.info("disconnected: %s", _why(change))
            case C.DISCONNECTED | C.SUSPENDED:
                self._not_yet(change)
            case C.FAILED:
                log.error("connection failed: %s", _advice(change.reason))
                self._end()
            case C.CLOSED:
                log.info("connection closed")
                self._end()
            case _:
                log.debug("connection %s", change.event)
        return None

    def channel_changed(self, change: fx.ChannelChanged) -> None:
        """Tell of a change. What a channel shares with its connection, the connection has told."""
        self._keep(f"channel {change.channel}", change.current, change.reason)
        connected = self._connection.state is C.CONNECTED
        if change.current is S.FAILED and connected:
            channel_log.warning("channel %r failed: %s", change.channel, _advice(change.reason))
        elif change.current is S.SUSPENDED and connected:
            message = "nothing" if change.reason is None else change.reason.message
            channel_log.info("channel %r will try again to attach: %s", change.channel, message)
        elif change.event is ChannelEvent.ATTACHED:
            resumed = ", resumed" if change.resumed else ""
            channel_log.debug("channel %r attached%s", change.channel, resumed)
        else:
            channel_log.debug("channel %r %s", change.channel, change.event)

    def discontinued(self, channel: str) -> None:
        """Tell that messages may have been missed."""
        channel_log.warning(
            "channel %r may have missed messages while it was not attached: fetch them from "
            "history()",
            channel,
        )

    # --

    def _begin(self, attempts_before: int) -> None:
        if self._since is None:
            self._since = self._clock.now()
            self._attempts_before = attempts_before

    def _end(self) -> None:
        self._since = None
        self._told = None
        self._was_connected = False

    def _back(self, restored: fx.Restored) -> Connected:
        now = self._clock.now()
        since = now if self._since is None else self._since
        told = Connected(
            self._connection.host,
            now - since,
            self.attempts(),
            self._was_connected,
            restored.resumed,
            restored.resent,
            restored.queued,
            restored.attaching,
        )
        self._end()
        self._was_connected = True
        by, self._stack = self._stack, None
        log.info("%s%s", _line(told), "" if by is None else f", by {by}")
        return told

    def _not_yet(self, change: fx.ConnectionChanged) -> None:
        """Tell of a failed attempt. Someone may have to act on the first, and on SUSPENDED."""
        if change.current is C.SUSPENDED and self._told is not C.SUSPENDED:
            log.warning(
                "connection suspended, and what was to be published has failed: %s", _why(change)
            )
        elif self._told is None and not self._was_connected:
            log.warning("cannot connect yet, %s: %s", _next(change), _advice(change.reason))
        else:
            log.info("attempt %d failed: %s", self.attempts(), _why(change))
        self._told = change.current

    def _keep(self, where: str, state: str, error: ErrorInfo | None) -> None:
        if error is not None:
            self.errors.append(PastError(self._clock.time(), where, str(state), error))


def _line(connected: Connected) -> str:
    took = f"{_time(connected.milliseconds)} and {_count(connected.attempts, 'attempt')}"
    if not connected.again:
        return f"connected to {connected.host} after {took}"
    return (
        f"connected again to {connected.host} after {took}: "
        f"{'resumed' if connected.resumed else 'not resumed'}, "
        f"{connected.resent} sent again, {connected.queued} sent from the queue, "
        f"{_count(connected.attaching, 'channel')} to attach"
    )


def _time(milliseconds: float) -> str:
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _why(change: fx.ConnectionChanged) -> str:
    known = change.reason
    reason = "for no reason" if known is None else f"{known.message} (code {known.code})"
    return f"{reason}; {_next(change)}"


def _next(change: fx.ConnectionChanged) -> str:
    return (
        f"trying again in {_time(change.retry_in)}" if change.retry_in else "trying again at once"
    )


def _advice(reason: ErrorInfo | None) -> str:
    return "for no reason" if reason is None else str(AblyError.from_info(reason))
