"""The live side of a channel: who is attached, and what they are told in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .attachment import Attachment
from .frames import Flag, Frame
from .ids import random_id
from .stream import Stream, Whole


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an event comes from: the id its messages derive theirs from, and the connection."""

    base_id: str
    connection_id: str | None = None

    @classmethod
    def rest(cls, connection_id: str | None = None) -> Origin:
        """Return the origin of a request, which may be made on behalf of a connection."""
        return cls(random_id(12), connection_id)


class Feed:
    """The attachments to one channel and the stream of events they follow.

    `overheard` is called for each event, whoever is attached.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.overheard: Callable[[Frame], None] | None = None
        self._attachments: dict[Attachment, None] = {}

    def __len__(self) -> int:
        return len(self._attachments)

    def __iter__(self) -> Iterator[Attachment]:
        return iter(list(self._attachments))

    def next_serial(self) -> str:
        """Draw the serial of the event that is emitted next."""
        return self.stream.next_serial()

    def emit(self, frame: Frame, mode: Flag, whole: Whole | None = None) -> None:
        """Add an event to the stream and tell every attached client that `mode` entitles to it."""
        event = self.stream.append(frame, mode, whole)
        if self.overheard is not None:
            self.overheard(frame)
        for attachment in self:
            attachment.deliver(event)

    def add(self, attachment: Attachment) -> None:
        """Let a client follow what happens from now on."""
        self._attachments[attachment] = None

    def remove(self, attachment: Attachment) -> None:
        """Let a client follow no longer."""
        self._attachments.pop(attachment, None)

    def count(self, mode: Flag) -> int:
        """Return how many attachments have `mode`."""
        return sum(1 for attachment in self._attachments if mode in attachment.modes)
