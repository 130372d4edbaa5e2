"""What one socket still has to send."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .frames import Envelope

CAPACITY = 100_000


class Outbox:
    """The frames waiting for one socket, in order; `wake` is called when there is something to do.

    The protocol logic only ever puts frames in and closes it, both at once and without waiting. The
    socket empties it at its own pace; one that falls `CAPACITY` frames behind is closed.
    """

    def __init__(self, wake: Callable[[], object] = lambda: None) -> None:
        self._wake = wake
        self._waiting: deque[Envelope] = deque()
        self.is_closed: bool = False

    def put(self, envelope: Envelope) -> None:
        """Send a frame, unless the outbox was closed."""
        if self.is_closed:
            return
        if len(self._waiting) >= CAPACITY:
            self.drop()
            return
        self._waiting.append(envelope)
        self._wake()

    def take(self) -> Envelope | None:
        """Return the next frame to send, or None if there is none for now."""
        return self._waiting.popleft() if self._waiting else None

    def close(self) -> None:
        """Close the socket once everything that was put in is sent."""
        self.is_closed = True
        self._wake()

    def drop(self) -> None:
        """Close the socket without sending anything more."""
        self._waiting.clear()
        self.close()
