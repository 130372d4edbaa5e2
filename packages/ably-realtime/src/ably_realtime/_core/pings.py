"""Pings: round trips that wait for a connection, then for their own echo (RTN13)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .._wire.error_info import ErrorInfo
from .._wire.frames import Action, Frame
from . import faults
from .effects import Effect, Reject, Resolve
from .timers import TimerQueue, Timers


@dataclass(frozen=True, slots=True)
class _Ping:
    op: int
    sent_at: float


class Pings:
    """The pings of a connection. `token` is the id that the echo must carry (RTN13e)."""

    def __init__(
        self,
        timeout: float,
        queue: TimerQueue,
        emit: Callable[[Effect], None],
        send: Callable[[Frame], None],
    ) -> None:
        self._timeout = timeout
        self._emit = emit
        self._send = send
        self._waiting: dict[str, int] = {}  # for CONNECTED (RTN13d)
        self._sent: dict[str, _Ping] = {}
        self.timers = Timers(queue)

    def wait(self, op: int, token: str) -> None:
        """Hold a ping until the connection is CONNECTED (RTN13d)."""
        self._waiting[token] = op

    def send(self, op: int, token: str, now: float) -> None:
        self._sent[token] = _Ping(op, now)
        self.timers.set(token, now + self._timeout, lambda _: self._timed_out(token))
        self._send(Frame(Action.HEARTBEAT, id=token))

    def connected(self, now: float) -> None:
        """Send what waited."""
        waiting, self._waiting = self._waiting, {}
        for token, op in waiting.items():
            self.send(op, token, now)

    def connection_lost(self) -> None:
        """No echo will come over this transport: ask again over the next (RTN13d)."""
        self._waiting.update((token, ping.op) for token, ping in self._sent.items())
        self._sent.clear()
        self.timers.keep_only(frozenset())

    def echoed(self, token: str | None, now: float) -> None:
        """A HEARTBEAT came; one that echoes no ping is only a sign of life."""
        if token is None or (ping := self._sent.pop(token, None)) is None:
            return
        self.timers.clear(token)
        self._emit(Resolve(ping.op, now - ping.sent_at))

    def fail_all(self, error: ErrorInfo) -> None:
        """The connection is in a state that answers no ping (RTN13b)."""
        ops = [*self._waiting.values(), *(ping.op for ping in self._sent.values())]
        self._waiting.clear()
        self._sent.clear()
        self.timers.keep_only(frozenset())
        for op in ops:
            self._emit(Reject(op, error))

    def _timed_out(self, token: str) -> None:
        self._emit(Reject(self._sent.pop(token).op, faults.ping_timed_out(self._timeout)))
