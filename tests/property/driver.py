"""Stands where the asyncio driver stands, around a session, and watches it.

It performs nothing: dials and requests stay open until a history decides their outcome. After
each input it checks what must hold in every history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ably_realtime._core.config import Config
from ably_realtime._core.effects import (
    CancelRequest,
    CheckConnectivity,
    CloseTransport,
    ConnectionChanged,
    Effect,
    OpenTransport,
    Reject,
    RequestToken,
    Resolve,
    Send,
)
from ably_realtime._core.inputs import Input, TimersDue
from ably_realtime._core.session import Session
from ably_realtime._wire.frames import Action, Frame
from ably_realtime.states import ConnectionEvent, ConnectionState

C = ConnectionState

REQUEST_TIMEOUT = 10_000.0
RETRY = 15_000.0
SUSPENDED_RETRY = 30_000.0
STATE_TTL = 120_000.0
HOSTS = 3

SEQUENCE = HOSTS * 4 * REQUEST_TIMEOUT + REQUEST_TIMEOUT
"""The longest a sequence of attempts may take: for each host two tokens and two dials, one of the
pair after the server refused the other, and one connectivity check."""

PATIENCE = STATE_TTL + 2 * SEQUENCE
"""The longest a connection that nobody touches may be neither CONNECTED nor given up: the first
sequence ends before the state's time begins to count, and the last may begin just before its end.
"""

# RTN27, with the points that lead from state to state.
LEGAL = {
    C.INITIALIZED: {
        C.CONNECTING,  # RTN11f
        C.CLOSED,  # RTN12: nothing to wait for
        C.FAILED,  # RSA4d, by authorize()
    },
    C.CONNECTING: {
        C.CONNECTED,  # RTN4b
        C.DISCONNECTED,  # RTN14d
        C.SUSPENDED,  # RTN14e
        C.CLOSING,  # RTN12f
        C.FAILED,  # RTN14a, RTN14g
    },
    C.CONNECTED: {
        C.DISCONNECTED,  # RTN15h2i
        C.CLOSING,  # RTN12a
        C.FAILED,  # RTN15j
    },
    C.DISCONNECTED: {
        C.CONNECTING,  # RTN14d
        C.SUSPENDED,  # RTN14e
        C.CLOSED,  # RTN12d
        C.FAILED,  # RSA4d
    },
    C.SUSPENDED: {
        C.CONNECTING,  # RTN14e
        C.CLOSED,  # RTN12d
        C.FAILED,  # RSA4d
    },
    C.CLOSING: {C.CLOSED},  # RTN12a, RTN12b, RTN12c
    C.CLOSED: {C.CONNECTING, C.FAILED},  # RTN11f; RSA4d
    C.FAILED: {C.CONNECTING},  # RTN11f
}

SETTLED = frozenset({C.INITIALIZED, C.CLOSED, C.FAILED})
"""States in which nothing is under way and nothing will happen by itself."""

WAITING = frozenset({C.DISCONNECTED, C.SUSPENDED})


class Kind(Enum):
    """What the application can wait for."""

    PING = "ping"
    AUTHORIZE = "authorize"
    CHANNEL = "attach, detach or release"
    PUBLISH = "publish"


@dataclass(slots=True)
class Operation:
    """Something the application waits for."""

    kind: Kind
    since: float
    ahead: int = 0  # operations of the same channel that may have to end first
    sent_at: float | None = None
    answered: bool = False  # authorize() got its token


class Driver:
    """A session, the transports and requests it asked for, and what the application waits for."""

    def __init__(self, config: Config, random: Callable[[], float]) -> None:
        self.now = 1_000_000.0
        self.session = Session(config, random, lambda: self.now)
        self.state = C.INITIALIZED
        self.live: set[int] = set()
        self.dead: list[int] = []
        self.token_requests: set[int] = set()
        self.checks: set[int] = set()
        self.finished_requests: list[int] = []
        self.pending: dict[int, Operation] = {}
        self.unanswered: list[Frame] = []  # on the live transport
        self.story: list[str] = []
        self._settled: set[int] = set()
        self._ping_ops: dict[str, int] = {}
        self._retry_at: float | None = None
        self._close_by: float | None = None
        self._untouched_since = self.now
        self._down_until: float | None = None
        self._on_timer = False
        self._last_op = 0

    # -- what histories do

    def do(self, event: Input) -> None:
        """Let `event` happen, perform what follows from it, and check."""
        self.story.append(f"{self.now:.0f} {event}")
        for effect in self.session.handle(event, self.now):
            self.story.append(f"    {effect}")
            self._perform(effect)
        self._check()

    def ignore(self, event: Input) -> None:
        """Let something happen on behalf of what was given up: nothing may follow from it."""
        before = self.session.next_deadline
        self.story.append(f"{self.now:.0f} stale: {event}")
        assert not self.session.handle(event, self.now), f"{event} is stale"
        assert self.session.connection.state is self.state, f"{event} is stale"
        assert self.session.next_deadline == before, f"{event} is stale"

    def start(self, kind: Kind, make: Callable[[int], Input], ping: str | None = None) -> int:
        """Begin an operation."""
        self._last_op += 1
        ahead = sum(operation.kind is Kind.CHANNEL for operation in self.pending.values())
        self.pending[self._last_op] = Operation(kind, self.now, ahead)
        if ping is not None:
            self._ping_ops[ping] = self._last_op
        self.do(make(self._last_op))
        return self._last_op

    def close(self, event: Input) -> None:
        """Close, which must be over when the server had its time to answer (RTN12b)."""
        if self.state not in (C.CLOSED, C.FAILED) and self._close_by is None:
            self._close_by = self.now + REQUEST_TIMEOUT
        self.do(event)

    def touched(self) -> None:
        """Something from outside made the connection begin again."""
        self._untouched_since = self.now

    def drop(self) -> int:
        """The live transport is gone."""
        (attempt,) = self.live
        self._give_up_transport(attempt)
        return attempt

    def finish_request(self, request: int) -> None:
        """A request has its answer."""
        self.token_requests.discard(request)
        self.checks.discard(request)
        self.finished_requests.append(request)

    def advance(self, duration: float) -> None:
        """Let time pass, waking the session when it asked for it."""
        until = self.now + duration
        while (deadline := self.session.next_deadline) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self._on_timer = True
            self.do(TimersDue())
            self._on_timer = False
            again = self.session.next_deadline
            assert again is None or again > self.now, "a timer that is due again at once"
        self.now = until
        self._check()

    # -- performing

    def _perform(self, effect: Effect) -> None:
        match effect:
            case OpenTransport(attempt):
                assert self.state is C.CONNECTING, "dials only while CONNECTING"
                assert not self.live, "one transport at a time"
                assert attempt not in self.dead, "each dial has a number of its own"
                self.live.add(attempt)
            case CloseTransport(attempt):
                assert attempt in self.live, "only a live transport can be closed"
                self._give_up_transport(attempt)
            case Send(attempt, frame):
                assert attempt in self.live, f"{frame} is sent on a transport that is closed"
                assert self.state in (C.CONNECTED, C.CLOSING) or frame.action == Action.PONG
                self._note_sent(frame)
                self.unanswered.append(frame)
            case RequestToken(request):
                self.token_requests.add(request)
                assert len(self.token_requests) == 1, "one token request at a time"
            case CheckConnectivity(request):
                assert self.state is C.CONNECTING, "looks elsewhere only while CONNECTING"
                assert not self.live, "looks elsewhere when the transport is gone"
                self.checks.add(request)
                assert len(self.checks) == 1, "one connectivity check at a time"
            case CancelRequest(request):
                assert request in self.token_requests | self.checks, "cancels what is under way"
                self.finish_request(request)
            case Resolve(op) | Reject(op):
                assert op not in self._settled, f"operation {op} is settled twice"
                self._settled.add(op)
                del self.pending[op]
            case ConnectionChanged():
                self._changed(effect)

    def _give_up_transport(self, attempt: int) -> None:
        self.live.discard(attempt)
        self.dead.append(attempt)
        self.unanswered.clear()

    def _note_sent(self, frame: Frame) -> None:
        if frame.action == Action.CLOSE:
            self._close_by = self.now + REQUEST_TIMEOUT  # RTN12f: CONNECTED came while CLOSING
        elif frame.action == Action.HEARTBEAT and frame.id in self._ping_ops:
            self.pending[self._ping_ops[frame.id]].sent_at = self.now
        elif frame.action == Action.AUTH:
            for operation in self.pending.values():
                if operation.kind is Kind.AUTHORIZE and operation.answered:
                    operation.sent_at = operation.sent_at or self.now

    def _changed(self, change: ConnectionChanged) -> None:
        assert change.previous is self.state, "changes chain"
        self.state = change.current
        if change.event is ConnectionEvent.UPDATE:
            assert change.previous is change.current is C.CONNECTED
            return
        assert change.event.value == change.current.value
        assert change.current in LEGAL[change.previous], f"{change.previous} to {change.current}"
        if change.current is C.CONNECTING and change.previous in WAITING and self._on_timer:
            assert self.now == self._retry_at, "retries when it said it would"
        self._retry_at = None
        if change.current in WAITING:
            assert change.retry_in is not None, "says when it will try again"
            assert 0 <= change.retry_in <= 2 * max(RETRY, SUSPENDED_RETRY)
            self._retry_at = self.now + change.retry_in
        else:
            assert change.retry_in is None, "no retry is planned"
        if change.current in (C.CLOSED, C.FAILED):
            self._close_by = None
        if change.current in (C.CONNECTED, C.CLOSED, C.FAILED):
            self._down_until = None
        elif change.current is C.DISCONNECTED and self._down_until is None:
            self._down_until = self.now + STATE_TTL
        if {C.CONNECTED, C.INITIALIZED} & {change.previous, change.current}:
            self.touched()
        if change.previous is C.CONNECTED:
            for operation in self.pending.values():
                operation.sent_at = None  # the next connection does it again (RTN13d, RTC8b)

    # -- what always holds

    def _check(self) -> None:
        assert self.session.connection.state is self.state, "every change is announced"
        if self.state in SETTLED:
            assert self.session.next_deadline is None, f"a timer is left in {self.state}"
        elif self.state is not C.CONNECTED:
            assert self.session.next_deadline is not None, f"stuck in {self.state}"
            assert self.session.next_deadline <= self.now + 2 * max(RETRY, SUSPENDED_RETRY)
        if self.state in SETTLED or self.state in WAITING:
            assert not self.live, f"a transport is left in {self.state}"
            assert not self.token_requests | self.checks, f"a request is left in {self.state}"
        if self.state is C.CONNECTED:
            assert self.live, "CONNECTED on a transport"
        if self.state is C.DISCONNECTED and self._down_until is not None:
            assert self.now <= self._down_until, "SUSPENDED in time"  # RTN14e
        if self._close_by is not None:
            assert self.now <= self._close_by, "close() ends in time"
        for op, operation in self.pending.items():
            deadline = self._deadline(operation)
            assert deadline is None or self.now <= deadline, f"operation {op} hangs: {operation}"

    def _deadline(self, operation: Operation) -> float | None:
        since = max(operation.since, self._untouched_since)
        if operation.kind is Kind.AUTHORIZE and not operation.answered:
            return None  # the application's own callback is at work
        if operation.sent_at is not None:
            return operation.sent_at + REQUEST_TIMEOUT
        if self.state is C.INITIALIZED:
            return None  # until the application connects
        if self.state is not C.CONNECTED:
            return since + PATIENCE
        if operation.kind is Kind.PUBLISH:
            return None  # RTN7a: an ACK has all the time the connection has
        # Whatever is ahead of it, a detach that undoes a late ATTACHED (RTL5k), and itself.
        return since + (2 + operation.ahead) * REQUEST_TIMEOUT
