"""Rules: what the proxy does to which traffic.

A rule is made by `FaultProxy.on`, `.on_upgrade` or `.on_request` and does nothing until one of its
methods says what to do. Of the rules that are due, the first that was made acts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from tests.uts.harness.frames import Frame

from .http1 import Answer
from .recording import Direction, Request, Upgrade

if TYPE_CHECKING:
    from .relay import Relay

T = TypeVar("T")
V = TypeVar("V")


class Rule(Generic[T, V]):
    """Applies to the `nth` thing that matches, to the first `times`, or to all.

    Counting begins when the rule is made. `fired` says how often it acted.
    """

    def __init__(
        self, matches: Callable[[T], bool], *, nth: int | None = None, times: int | None = None
    ) -> None:
        self.fired = 0
        self._matches = matches
        self._nth = nth
        self._times = times
        self._seen = 0
        self._act: Callable[[T], Awaitable[V]] | None = None

    def remove(self) -> None:
        """Act no more."""
        self._act = None

    def is_due(self, subject: T) -> bool:
        if self._act is None or not self._matches(subject):
            return False
        self._seen += 1
        if self._nth is not None:
            return self._seen == self._nth
        return self._times is None or self.fired < self._times

    async def act(self, subject: T) -> V:
        assert self._act is not None
        self.fired += 1
        return await self._act(subject)

    def _do(self, act: Callable[[T], Awaitable[V]]) -> Self:
        self._act = act
        return self


def first_due(rules: Iterable[Rule[T, V]], subject: T) -> Rule[T, V] | None:
    """The rule that acts; every other one counts the subject too."""
    due = [rule for rule in rules if rule.is_due(subject)]
    return due[0] if due else None


@dataclass(frozen=True, slots=True)
class Passage:
    """A frame that has arrived at the proxy."""

    relay: Relay
    direction: Direction
    frame: Frame


class FrameRule(Rule[Passage, Sequence[Frame]]):
    """What happens to matching frames: each is replaced by the frames that the action returns."""

    def drop(self) -> Self:
        """Swallow the frame."""

        async def act(passage: Passage) -> Sequence[Frame]:
            return []

        return self._do(act)

    def replace(self, frame: Frame | Callable[[Frame], Frame]) -> Self:
        """Pass on another frame in its place, or what a function makes of it."""

        async def act(passage: Passage) -> Sequence[Frame]:
            return [frame(passage.frame) if callable(frame) else frame]

        return self._do(act)

    def inject(self, *frames: Frame) -> Self:
        """Pass it on with these frames behind it."""

        async def act(passage: Passage) -> Sequence[Frame]:
            return [passage.frame, *frames]

        return self._do(act)

    def answer(self, *frames: Frame) -> Self:
        """Swallow the frame and send these back to its sender."""

        async def act(passage: Passage) -> Sequence[Frame]:
            for frame in frames:
                passage.relay.inject(frame, passage.direction.opposite)
            return []

        return self._do(act)

    def delay(self, seconds: float) -> Self:
        """Hold back the frame, and everything behind it."""

        async def act(passage: Passage) -> Sequence[Frame]:
            await asyncio.sleep(seconds)
            return [passage.frame]

        return self._do(act)

    def cut(self) -> Self:
        """End the TCP connections without a closing handshake; the frame is lost."""
        return self._end(lambda relay: relay.cut())

    def reset(self) -> Self:
        """Reset the client's TCP connection; the frame is lost."""
        return self._end(lambda relay: relay.reset())

    def close(self, code: int = 1000, reason: str = "") -> Self:
        """Close the client's WebSocket with a code; the frame is lost."""
        return self._end(lambda relay: relay.close(code, reason))

    def freeze(self) -> Self:
        """Forward nothing from this frame on, in either direction, and close nothing."""
        return self._end(lambda relay: relay.freeze())

    def _end(self, end: Callable[[Relay], None]) -> Self:
        async def act(passage: Passage) -> Sequence[Frame]:
            end(passage.relay)
            return []

        return self._do(act)


@dataclass(frozen=True, slots=True)
class Opening:
    """What becomes of a WebSocket that a client asks for."""

    answer: Answer | None = None
    """Instead of the upgrade."""
    refused: bool = False
    stalled: bool = False
    frozen: bool = False


class UpgradeRule(Rule[Upgrade, Opening]):
    """What happens to matching requests for a WebSocket."""

    def refuse(self) -> Self:
        """Reset the TCP connection."""
        return self._open(Opening(refused=True))

    def respond(
        self, status: int, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Self:
        """Answer with an HTTP status instead; the server hears nothing."""
        return self._open(Opening(answer=Answer(status, body, headers or {})))

    def stall(self) -> Self:
        """Never answer."""
        return self._open(Opening(stalled=True))

    def freeze(self) -> Self:
        """Let the WebSocket open, then forward nothing."""
        return self._open(Opening(frozen=True))

    def delay(self, seconds: float) -> Self:
        """Let it open late."""

        async def act(upgrade: Upgrade) -> Opening:
            await asyncio.sleep(seconds)
            return Opening()

        return self._do(act)

    def _open(self, opening: Opening) -> Self:
        async def act(upgrade: Upgrade) -> Opening:
            return opening

        return self._do(act)


@dataclass(frozen=True, slots=True)
class Handling:
    """What becomes of an HTTP request."""

    answer: Answer | None = None
    """Instead of the server's."""
    dropped: bool = False


class RequestRule(Rule[Request, Handling]):
    """What happens to matching HTTP requests."""

    def respond(
        self, status: int, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Self:
        """Answer with this status and JSON body instead; the server hears nothing."""
        return self._handle(Handling(answer=Answer(status, body, headers or {})))

    def drop(self) -> Self:
        """Close the connection without an answer."""
        return self._handle(Handling(dropped=True))

    def delay(self, seconds: float) -> Self:
        """Hand it to the server late."""

        async def act(request: Request) -> Handling:
            await asyncio.sleep(seconds)
            return Handling()

        return self._do(act)

    def _handle(self, handling: Handling) -> Self:
        async def act(request: Request) -> Handling:
            return handling

        return self._do(act)
