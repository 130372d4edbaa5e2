"""Ready-made handlers for a `MockWebSocket`."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable

from .frames import Frame
from .websocket import AttemptHandler, MessageHandler, MockConnection, PendingConnection


def accept(*frames: Frame) -> AttemptHandler:
    """A handler that opens every WebSocket and sends these frames."""
    return lambda attempt: attempt.respond_with_success(*frames)


def accept_each(make: Callable[[int], Frame]) -> AttemptHandler:
    """A handler that opens every WebSocket with a frame made from its number, counted from 1."""
    numbers = itertools.count(1)
    return lambda attempt: attempt.respond_with_success(make(next(numbers)))


def refuse(attempt: PendingConnection) -> None:
    """A handler that refuses every connection."""
    attempt.respond_with_refused()


def in_turn(*handlers: AttemptHandler) -> AttemptHandler:
    """A handler for each attempt, in their order; the last one for all that follow."""
    remaining = deque(handlers)

    def answer(attempt: PendingConnection) -> object:
        handler = remaining.popleft() if len(remaining) > 1 else remaining[0]
        return handler(attempt)

    return answer


def reply(action: int, make: Callable[[Frame], Frame]) -> MessageHandler:
    """A message handler that answers one kind of frame."""

    def answer(frame: Frame, connection: MockConnection) -> None:
        if frame["action"] == action:
            connection.send_to_client(make(frame))

    return answer
