"""What goes wrong until it is set right again: the lasting faults, and who asks for them.

Each fault is a class. The part of the server it concerns asks the policy at the moment in question
whether one strikes, and does what the fault says.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import ClassVar, Self, TypeVar

from .channel_names import ChannelName
from .clock import Clock, Timer
from .errors import Code, ErrorInfo, Refusal, refusal

SERVER_ERROR = refusal(Code.INTERNAL_ERROR, "the server fails on purpose").error


@dataclass(slots=True, kw_only=True, eq=False)
class Fault:
    """A fault that lasts until it is lifted, or until it has struck `times` times.

    `connection_id` and `channel` limit it to one of each. As a context manager it is lifted at the
    end of the block.
    """

    limits: ClassVar[frozenset[str]] = frozenset()
    """Those of `times`, `connection_id` and `channel` that make sense for this fault."""

    connection_id: str | None = None
    channel: str | None = None
    times: int | None = None
    id: str = field(init=False, default="")
    struck: int = field(init=False, default=0)
    _lift: Callable[[], object] | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        if self.times is not None and (type(self.times) is not int or self.times < 1):
            raise ValueError("times is a positive integer")

    @classmethod
    def type_name(cls) -> str:
        """Return the name of the fault in the control API."""
        return cls.__name__[0].lower() + cls.__name__[1:]

    def lift(self) -> None:
        """Set this right again. What it held back goes on at once; once lifted, nothing happens."""
        if self._lift is not None:
            self._lift()

    def concerns(self, connection_id: str | None, channel: str | None) -> bool:
        """Say whether it concerns something about this connection and channel."""
        if self.connection_id not in (None, connection_id):
            return False
        return self.channel is None or self.channel == _base(channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.lift()


def _base(channel: str | None) -> str | None:
    """Return the channel that a client means, however it qualifies the name."""
    try:
        return None if channel is None else ChannelName.parse(channel).base
    except Refusal:
        return channel


@dataclass(slots=True, kw_only=True, eq=False)
class RefuseConnections(Fault):
    """Reject WebSockets with HTTP 403."""

    limits: ClassVar[frozenset[str]] = frozenset({"times"})


@dataclass(slots=True, kw_only=True, eq=False)
class Stall(Fault):
    """Keep sockets open without reading from them, writing to them, or both."""

    limits: ClassVar[frozenset[str]] = frozenset({"connection_id"})
    reading: bool = True
    writing: bool = True

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        if not (self.reading or self.writing):
            raise ValueError("a stall stops reading, writing or both")


@dataclass(slots=True, kw_only=True, eq=False)
class Delay(Fault):
    """What the delays have in common."""

    milliseconds: int

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        if type(self.milliseconds) is not int or self.milliseconds < 0:
            raise ValueError("milliseconds is a non-negative integer")


@dataclass(slots=True, kw_only=True, eq=False)
class DelayFrames(Delay):
    """Send frames later, in order on each channel."""

    limits: ClassVar[frozenset[str]] = frozenset({"connection_id", "channel", "times"})


@dataclass(slots=True, kw_only=True, eq=False)
class DelayAcks(Delay):
    """Carry frames out at once, but answer them later."""

    limits: ClassVar[frozenset[str]] = frozenset({"connection_id", "channel", "times"})


@dataclass(slots=True, kw_only=True, eq=False)
class DelayRequests(Delay):
    """Carry REST requests out at once, but answer them later."""

    limits: ClassVar[frozenset[str]] = frozenset({"channel", "times"})


@dataclass(slots=True, kw_only=True, eq=False)
class WithholdAcks(Fault):
    """Carry frames out without answering them."""

    limits: ClassVar[frozenset[str]] = frozenset({"connection_id", "channel", "times"})


@dataclass(slots=True, kw_only=True, eq=False)
class Nack(Fault):
    """Refuse to carry out what is published, with NACK."""

    limits: ClassVar[frozenset[str]] = frozenset({"connection_id", "channel", "times"})
    error: ErrorInfo = SERVER_ERROR


@dataclass(slots=True, kw_only=True, eq=False)
class FailRequests(Fault):
    """Answer REST requests with an error instead of carrying them out."""

    limits: ClassVar[frozenset[str]] = frozenset({"channel", "times"})
    error: ErrorInfo = SERVER_ERROR


FAULTS: tuple[type[Fault], ...] = (
    RefuseConnections,
    Stall,
    DelayFrames,
    DelayAcks,
    DelayRequests,
    WithholdAcks,
    Nack,
    FailRequests,
)

F = TypeVar("F", bound=Fault)


class Policy:
    """The faults in force, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._faults: dict[str, Fault] = {}
        self._numbers = itertools.count(1)
        self._watchers: dict[Callable[[], object], None] = {}
        self._held: dict[Timer, tuple[Fault, Callable[[], object]]] = {}
        self.call: Callable[[Callable[[], None]], object] = lambda act: act()
        """How a fault that is lifted gets onto the server's thread."""

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._faults.values()))

    @property
    def is_empty(self) -> bool:
        return not self._faults

    def add(self, fault: F) -> F:
        """Put a fault in force."""
        fault.id = f"fault-{next(self._numbers)}"
        fault._lift = lambda: self.call(partial(self.lift, fault))
        self._faults[fault.id] = fault
        self._changed()
        return fault

    def find(self, fault_id: str) -> Fault | None:
        return self._faults.get(fault_id)

    def lift(self, fault: Fault) -> None:
        """Set one fault right; what it holds back goes on at once."""
        self._faults.pop(fault.id, None)
        self._changed()
        self._let_go(lambda holding: holding is fault)

    def reset(self) -> None:
        """Set every fault right; what they hold back goes on at once."""
        self._faults.clear()
        self._changed()
        self._let_go(lambda _: True)

    def matching(
        self, kind: type[F], connection_id: str | None = None, channel: str | None = None
    ) -> list[F]:
        """Return the faults of one kind that concern this connection and channel."""
        if not self._faults:
            return []
        return [
            fault
            for fault in self
            if isinstance(fault, kind) and fault.concerns(connection_id, channel)
        ]

    def strike(
        self, kind: type[F], connection_id: str | None = None, channel: str | None = None
    ) -> F | None:
        """Return the fault of this kind that strikes now, if there is one, and count it."""
        for fault in self.matching(kind, connection_id, channel):
            fault.struck += 1
            if fault.struck == fault.times:
                del self._faults[fault.id]
            if fault.times is not None:
                self._changed()
            return fault
        return None

    def hold(self, delay: Delay, release: Callable[[], object]) -> None:
        """Call `release` when the delay is over, or at once when it is lifted before."""

        def over() -> None:
            del self._held[timer]
            release()

        timer = self._clock.call_later(delay.milliseconds, over)
        self._held[timer] = (delay, release)

    def watch(self, changed: Callable[[], object]) -> None:
        """Call `changed` whenever a fault comes into force or ends, or has fewer times to go."""
        self._watchers[changed] = None

    def unwatch(self, changed: Callable[[], object]) -> None:
        self._watchers.pop(changed, None)

    def _let_go(self, which: Callable[[Fault], bool]) -> None:
        for timer, (holding, release) in list(self._held.items()):
            if which(holding):
                timer.cancel()
                del self._held[timer]
                release()

    def _changed(self) -> None:
        for changed in list(self._watchers):
            changed()
