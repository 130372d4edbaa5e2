"""The connection: dial, wait, resume, give up (RTN).

One machine with the eight states of RTN27. `_enter` is the only way into a state; a transport is
named by the number of its attempt, and whatever an abandoned attempt still has to say is ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from .._wire.error_info import ErrorInfo
from .._wire.frames import Action, ConnectionDetails, Frame
from .._wire.secret import Secret
from ..states import ConnectionEvent, ConnectionState
from . import faults
from .auth import Auth
from .backoff import retry_delay
from .config import Config
from .effects import (
    CancelRequest,
    CheckConnectivity,
    CloseTransport,
    ConnectionChanged,
    Effect,
    HostInUse,
    OpenTransport,
    Send,
    Trace,
)
from .hosts import Hosts
from .members import members
from .timers import TimerQueue, Timers

A, S = members(Action), members(ConnectionState)


class Timer(Enum):
    """The deadlines of a connection."""

    ATTEMPT = auto()  # a token, an open transport and CONNECTED, each within its time (RTN14c)
    RETRY = auto()  # the next attempt (RTN14d, RTN14e)
    SUSPEND = auto()  # DISCONNECTED for too long (RTN14e)
    IDLE = auto()  # nothing received for too long (RTN23a)
    CLOSING = auto()  # no CLOSED in answer to CLOSE (RTN12b)

    __hash__ = object.__hash__  # an Enum hashes by name, in Python; each member is there once


_TIMERS_OF: dict[ConnectionState, frozenset[Timer]] = {
    S.INITIALIZED: frozenset(),
    S.CONNECTING: frozenset({Timer.ATTEMPT}),
    S.CONNECTED: frozenset({Timer.IDLE}),
    S.DISCONNECTED: frozenset({Timer.RETRY, Timer.SUSPEND}),
    S.SUSPENDED: frozenset({Timer.RETRY}),
    S.CLOSING: frozenset({Timer.CLOSING}),
    S.CLOSED: frozenset(),
    S.FAILED: frozenset(),
}

LEGAL: dict[ConnectionState, frozenset[ConnectionState]] = {
    S.INITIALIZED: frozenset({S.CONNECTING, S.CLOSED, S.FAILED}),
    S.CONNECTING: frozenset({S.CONNECTED, S.DISCONNECTED, S.SUSPENDED, S.CLOSING, S.FAILED}),
    S.CONNECTED: frozenset({S.DISCONNECTED, S.CLOSING, S.FAILED}),
    S.DISCONNECTED: frozenset({S.CONNECTING, S.SUSPENDED, S.CLOSED, S.FAILED}),
    S.SUSPENDED: frozenset({S.CONNECTING, S.CLOSED, S.FAILED}),
    S.CLOSING: frozenset({S.CLOSED}),
    S.CLOSED: frozenset({S.CONNECTING, S.FAILED}),
    S.FAILED: frozenset({S.CONNECTING}),
}
"""Where a connection may go from each state."""

SHORT_CONNECTION = 1_000.0
"""A connection that lasted less than this many milliseconds does not earn two immediate retries."""


class Connection:
    """Decides when to dial, where, with what, and when to stop trying.

    `changed` is told of every change, after the state was set and before anything that follows
    from it; the session lets channels and outbox react there.
    """

    def __init__(
        self,
        config: Config,
        auth: Auth,
        queue: TimerQueue,
        emit: Callable[[Effect], None],
        changed: Callable[[ConnectionChanged, float], None],
        new_request: Callable[[], int],
        random: Callable[[], float],
    ) -> None:
        self._config = config
        self._auth = auth
        self._emit = emit
        self._changed = changed
        self._random = random
        self._hosts = Hosts(config.primary_host, config.fallback_hosts, random)
        self.attempt: int = 0
        self._transport_open = False  # from OpenTransport until dropped or given up
        self._new_request = new_request
        self._check = 0  # the id of the connectivity check in flight, 0 for none
        self._checked = False  # connectivity was confirmed in this sequence
        self._renewed = False  # a refused token was replaced in this sequence (RTN14b)
        self._failure: ErrorInfo | None = None  # why this sequence is looking elsewhere
        self._retries = 0
        self._suspend_at: float | None = None
        self._connected_at = 0.0
        self._short_connections = 0
        self._last_activity = 0.0
        self._recovery = config.recovery
        self.timers: Timers = Timers(queue)
        self.state: ConnectionState = S.INITIALIZED
        self.error_reason: ErrorInfo | None = None
        self.id: str | None = None
        self.key: Secret | None = None
        self.details: ConnectionDetails = ConnectionDetails()
        self.resumed: bool = False

    # -- what the application asks for

    def connect(self, now: float) -> None:
        """RTN11."""
        match self.state:
            case S.CONNECTING | S.CONNECTED:
                return
            case S.CLOSING:
                self._closed(None, now)  # RTN11b: the old transport is nobody's any more
        self._begin_sequence(now)

    def close(self, now: float) -> None:
        """RTN12."""
        match self.state:
            case S.INITIALIZED | S.DISCONNECTED | S.SUSPENDED:
                self._closed(None, now)
            case S.CONNECTING:
                self._enter(S.CLOSING, now)
                if self._transport_open:
                    self._set(Timer.CLOSING, self._request_deadline(now), self._close_timed_out)
                else:
                    self._closed(None, now)
            case S.CONNECTED:
                self._enter(S.CLOSING, now)
                self._say_close(now)

    def network_lost(self, now: float) -> None:
        """RTN20a."""
        if self.state is S.CONNECTED:
            self._lost(faults.network_lost(), now)
        elif self.state is S.CONNECTING:
            self._give_up(faults.network_lost(), now)

    def network_available(self, now: float) -> None:
        """RTN20b, RTN20c."""
        if self.state in (S.DISCONNECTED, S.SUSPENDED):
            self._begin_sequence(now)
        elif self.state is S.CONNECTING:
            self._abandon_attempt()
            self._begin_sequence(now)

    def halt(self, now: float) -> None:
        """Stop the attempt under way: a new token is being obtained for the next one (RTC8b)."""
        if self.state is S.CONNECTING:
            self._abandon_attempt()
            self._set(Timer.ATTEMPT, self._request_deadline(now), self._token_timed_out)

    def reauthorize(self, now: float) -> None:
        """Dial again, with a token that was just obtained (RTC8b, RTC8c)."""
        if self.state in (S.CONNECTED, S.CLOSING):
            return
        if self.state is S.CONNECTING:
            self._abandon_attempt()
        self._begin_sequence(now)

    # -- what happens

    def is_current(self, attempt: int) -> bool:
        """Whether what this transport says still counts."""
        return self._transport_open and attempt == self.attempt

    def alive(self, attempt: int, now: float) -> bool:
        """Any sign of life of a transport; returns whether what it says still counts.

        The idle deadline is compared with the time of the latest when it comes due.
        """
        if attempt != self.attempt or not self._transport_open:
            return False
        self._last_activity = now
        return True

    def received(self, frame: Frame, now: float) -> None:
        """A frame that concerns the connection as a whole."""
        match self.state, frame.action:
            case S.CONNECTING, A.CONNECTED:  # RTN6
                self._connected(frame, now)
            case S.CONNECTED, A.CONNECTED:  # RTN24
                self._updated(frame, now)
            case S.CLOSING, A.CONNECTED:  # RTN12f
                self._say_close(now)
            case S.CLOSING, A.CLOSED | A.DISCONNECTED | A.ERROR:
                self._closed(frame.error, now)
            case S.CONNECTING | S.CONNECTED, A.DISCONNECTED | A.CLOSED:
                error = frame.error or faults.server_closed(Action(frame.action).name)
                self._ended_by_server(error, now)
            case S.CONNECTING | S.CONNECTED, A.ERROR:
                error = frame.error or faults.server_closed("ERROR")
                if error.is_token_error and self.state is S.CONNECTING:  # RTN14b, RTN15c5
                    self._ended_by_server(error, now)
                else:  # RTN14g, RTN15j, RTC8a2
                    self.fail(error, now)
            case _:
                self._emit(Trace(f"ignored in state {self.state}: {frame}"))

    def dropped(self, error: ErrorInfo, try_elsewhere: bool, now: float) -> None:
        """The transport is gone, or never came to be."""
        self._transport_open = False
        match self.state:
            case S.CONNECTING:
                self._attempt_failed(error, try_elsewhere, now)
            case S.CONNECTED:  # RTN15a
                self._lost(error, now)
            case S.CLOSING:  # RTN12c
                self._closed(None, now)

    def connectivity_checked(self, request: int, online: bool, now: float) -> None:
        """RTN17j."""
        if request != self._check or self._failure is None:
            return
        self._check = 0
        if online:
            self._checked = True
            self._next_host(now)
        else:
            self._give_up(self._failure, now)

    def token_obtained(self, now: float) -> None:
        """The credentials of this attempt are there."""
        self._open(now)

    def token_failed(self, error: ErrorInfo, now: float) -> None:
        """The credentials of this attempt could not be had (RSA4c2)."""
        self._give_up(error, now)

    def fail(self, error: ErrorInfo, now: float) -> None:
        """Stop trying, for a reason that no retry can mend."""
        if self.state is S.CLOSING:
            self._closed(error, now)
        elif self.state is S.FAILED:
            self.error_reason = error
        else:
            self._abandon_attempt()
            self._enter(S.FAILED, now, error)

    # -- one sequence of attempts: the primary host, then fallbacks

    def _begin_sequence(self, now: float, *, renewed: bool = False) -> None:
        if self.state in (S.CLOSED, S.FAILED):
            self.error_reason = None  # RTN11d
            self.details = ConnectionDetails()
            self._recovery = None
            self._suspend_at = None
            self._retries = 0
        self._hosts.restart()
        self._checked = False
        self._renewed = renewed
        self._failure = None
        self._begin_attempt(now)

    def _begin_attempt(self, now: float) -> None:
        if self.state is not S.CONNECTING:
            self._enter(S.CONNECTING, now)
        self.attempt += 1
        if self._auth.uses_token:
            self._auth.request_for_dial()
            self._set(Timer.ATTEMPT, self._request_deadline(now), self._token_timed_out)
        else:
            self._open(now)

    def _open(self, now: float) -> None:
        self._set(Timer.ATTEMPT, self._request_deadline(now), self._attempt_timed_out)
        self._transport_open = True
        self._emit(OpenTransport(self.attempt, self._hosts.current, self._query()))

    def _query(self) -> dict[str, str | Secret]:
        """RTN2, RTN15b, RTN16k; what the application adds wins (RTC1f1)."""
        query: dict[str, str | Secret] = {**self._config.query, **self._auth.query()}
        if self.key is not None:
            query["resume"] = self.key
        elif self._recovery is not None:
            query["recover"] = self._recovery.connection_key
        query.update(self._config.transport_params)
        return query

    def _attempt_failed(self, error: ErrorInfo, try_elsewhere: bool, now: float) -> None:
        self._abandon_attempt()
        self._failure = error
        if not try_elsewhere or not self._hosts.has_next:
            self._give_up(error, now)
        elif self._checked:
            self._next_host(now)
        else:
            self._check = self._new_request()
            self._set(Timer.ATTEMPT, self._request_deadline(now), self._check_timed_out)
            self._emit(CheckConnectivity(self._check))

    def _next_host(self, now: float) -> None:
        self._hosts.advance()
        self._begin_attempt(now)

    def _attempt_timed_out(self, now: float) -> None:
        error = faults.attempt_timed_out(self._hosts.current, self._config.realtime_request_timeout)
        self._attempt_failed(error, True, now)

    def _token_timed_out(self, now: float) -> None:
        cause = faults.token_timed_out(self._config.realtime_request_timeout)
        self._give_up(faults.authentication_failed(cause, final=False), now)

    def _check_timed_out(self, now: float) -> None:
        assert self._failure is not None, "a check follows a failure"
        self._give_up(self._failure, now)

    def _give_up(self, error: ErrorInfo, now: float) -> None:
        """End the sequence: wait, then begin another (RTN14d, RTN14e)."""
        self._abandon_attempt()
        self._retries += 1
        if self._suspend_at is None:
            self._suspend_at = now + self._state_ttl
        if now >= self._suspend_at:
            self._suspend(error, now)
        else:
            delay = retry_delay(
                self._config.disconnected_retry_timeout, self._retries, self._random()
            )
            self._wait(error, delay, now)

    def _wait(self, reason: ErrorInfo, delay: float, now: float, *, renewed: bool = False) -> None:
        self._enter(S.DISCONNECTED, now, reason, retry_in=delay)
        self._set(Timer.RETRY, now + delay, lambda at: self._begin_sequence(at, renewed=renewed))
        assert self._suspend_at is not None, "set by whoever leaves CONNECTED or fails to reach it"
        self._set(Timer.SUSPEND, self._suspend_at, self._down_too_long)

    def _down_too_long(self, now: float) -> None:
        self._suspend(faults.suspended(self._state_ttl, self.error_reason), now)

    def _suspend(self, reason: ErrorInfo, now: float) -> None:
        delay = self._config.suspended_retry_timeout
        self._enter(S.SUSPENDED, now, reason, retry_in=delay)
        self._set(Timer.RETRY, now + delay, self._begin_sequence)

    # -- connected, and no longer

    def _connected(self, frame: Frame, now: float) -> None:
        if (error := self._adopt_details(frame)) is not None:
            self.fail(error, now)
            return
        if self.id is None and self._recovery is not None:
            self.resumed = frame.error is None  # RTN16l: a refused recovery comes with an error
        else:
            self.resumed = self.id is not None and frame.connection_id == self.id
        self.id = frame.connection_id
        self._recovery = None  # RTN16k
        self._connected_at = self._last_activity = now
        self._retries = 0
        self._suspend_at = None
        self._enter(S.CONNECTED, now, frame.error)
        self._watch_idleness(now)

    def _updated(self, frame: Frame, now: float) -> None:
        if (error := self._adopt_details(frame)) is not None:
            self.fail(error, now)
            return
        self.id = frame.connection_id or self.id
        self.error_reason = frame.error
        self._watch_idleness(now)
        self._changed(
            ConnectionChanged(S.CONNECTED, S.CONNECTED, ConnectionEvent.UPDATE, frame.error), now
        )

    def _adopt_details(self, frame: Frame) -> ErrorInfo | None:
        """RTN21; returns why the identity in it is not acceptable, if so (RSA15c)."""
        details = frame.connection_details
        if details is None:
            return None
        expected = self._config.client_id
        if expected is not None and details.client_id not in (None, "*", expected):
            return faults.client_id_mismatch(expected, details.client_id)
        self.details = details
        self.key = details.connection_key or self.key
        return None

    def _ended_by_server(self, error: ErrorInfo, now: float) -> None:
        """DISCONNECTED, or an ERROR about the token: the server closes the transport."""
        was_connected = self.state is S.CONNECTED
        if error.is_token_error:
            self._auth.rejected()
            if not self._auth.can_renew:  # RTN15h1, RSA4a2
                self.fail(faults.token_not_renewable(error), now)
            elif was_connected:  # RTN15h2
                self._lost(error, now)
            elif self._renewed:  # RTN14b
                self._give_up(error, now)
            else:
                self._abandon_attempt()
                self._renewed = True
                self._begin_attempt(now)
        elif was_connected:  # RTN15h3
            self._lost(error, now)
        else:
            self._attempt_failed(error, 500 <= error.status_code <= 504, now)  # RTN17f1

    def _lost(self, error: ErrorInfo, now: float) -> None:
        """Try again at once, unless such connections keep breaking as soon as they are made."""
        self._abandon_attempt()
        if now - self._connected_at < SHORT_CONNECTION:
            self._short_connections += 1
        else:
            self._short_connections = 0
        floor = min(SHORT_CONNECTION, self._config.disconnected_retry_timeout)
        self._suspend_at = now + self._state_ttl
        delay = floor if self._short_connections > 1 else 0.0
        self._wait(error, delay, now, renewed=error.is_token_error)  # RTN15h2 renews once

    def _watch_idleness(self, now: float) -> None:
        """RTN23a. The deadline moves with `_last_activity` without touching the timer."""
        if not self.details.max_idle_interval:
            self.timers.clear(Timer.IDLE)
            return
        limit = self.details.max_idle_interval + self._config.realtime_request_timeout
        if now < self._last_activity + limit:
            self._set(Timer.IDLE, self._last_activity + limit, self._watch_idleness)
        else:
            self._lost(faults.idle_too_long(limit), now)

    # -- the way out

    def _say_close(self, now: float) -> None:
        self._emit(Send(self.attempt, Frame(A.CLOSE)))
        self._set(Timer.CLOSING, self._request_deadline(now), self._close_timed_out)

    def _close_timed_out(self, now: float) -> None:
        self._closed(None, now)

    def _closed(self, reason: ErrorInfo | None, now: float) -> None:
        self._abandon_attempt()
        self._enter(S.CLOSED, now, reason)

    # -- the one way into a state

    def _enter(
        self,
        state: ConnectionState,
        now: float,
        reason: ErrorInfo | None = None,
        retry_in: float | None = None,
    ) -> None:
        assert state in LEGAL[self.state], f"{self.state} -> {state}"
        previous, self.state = self.state, state
        self.timers.keep_only(_TIMERS_OF[state])
        if reason is not None or state is S.CONNECTED:
            self.error_reason = reason
        if state in (S.CLOSING, S.CLOSED, S.FAILED):  # RTN8d, RTN9d
            self.id = None
            self.key = None
        if state is S.CONNECTED and self._hosts.on_fallback:
            self._emit(HostInUse(self._hosts.current))
        elif previous is S.CONNECTED and self._hosts.on_fallback:
            self._emit(HostInUse(None))
        change = ConnectionChanged(previous, state, ConnectionEvent(state.value), reason, retry_in)
        self._changed(change, now)

    def _abandon_attempt(self) -> None:
        if self._check:
            self._emit(CancelRequest(self._check))
            self._check = 0
        self._auth.abandon_dial()
        self.timers.clear(Timer.ATTEMPT)
        if self._transport_open:
            self._transport_open = False
            self._emit(CloseTransport(self.attempt))

    def _set(self, timer: Timer, deadline: float, action: Callable[[float], None]) -> None:
        self.timers.set(timer, deadline, action)

    def _request_deadline(self, now: float) -> float:
        return now + self._config.realtime_request_timeout

    @property
    def host(self) -> str:
        """The host in use, or to be tried next."""
        return self._hosts.current

    @property
    def _state_ttl(self) -> float:
        """RTN14e, DF1a."""
        ttl = self.details.connection_state_ttl
        return self._config.connection_state_ttl if ttl is None else ttl

    @property
    def client_id(self) -> str | None:
        """Who this connection acts as, where it is somebody."""
        confirmed = self.details.client_id
        return confirmed if confirmed not in (None, "*") else self._config.client_id
