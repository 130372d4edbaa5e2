"""The messages a channel remembers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace

from .messages import Message
from .paging import Page, Query, page_of


def serial_of(message: Message) -> str:
    """Return the serial of a message that has been accepted."""
    assert message.serial is not None
    return message.serial


def timestamp_of(message: Message) -> int:
    """Return when a message that has been accepted was first received."""
    assert message.timestamp is not None
    return message.timestamp


class History:
    """The messages of one channel in order of publication, each with its versions."""

    def __init__(self) -> None:
        self._serials: list[str] = []
        self._messages: list[Message] = []
        self._versions: dict[str, list[Message]] = {}
        self._by_id: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._messages)

    def append(self, message: Message) -> None:
        """Add a message that is newer than all others."""
        serial = serial_of(message)
        self._serials.append(serial)
        self._messages.append(message)
        if message.id is not None:
            self._by_id[message.id] = serial

    def serial_by_id(self, message_id: str) -> str | None:
        """Return the serial of the message published with `message_id`, if it is remembered."""
        return self._by_id.get(message_id)

    def find(self, serial: str) -> Message | None:
        """Return the latest version of a message."""
        index = self._index(serial)
        return None if index is None else self._messages[index]

    def replace(self, message: Message) -> None:
        """Make `message` the latest version of the message with its serial."""
        index = self._index(serial_of(message))
        assert index is not None
        previous = self._messages[index]
        self._versions.setdefault(serial_of(message), [previous]).append(message)
        self._messages[index] = message

    def annotate(self, serial: str, summary: Mapping[str, object]) -> Message:
        """Attach the current summary of its annotations to a message; it is no new version."""
        index = self._index(serial)
        assert index is not None
        message = replace(self._messages[index], summary=summary)
        self._messages[index] = message
        return message

    def versions(self, serial: str) -> list[Message]:
        """Return every version of a message, oldest first."""
        message = self.find(serial)
        if message is None:
            return []
        return self._versions.get(serial, [message])

    def page(self, query: Query) -> Page[Message]:
        return page_of(self._messages, query, position=serial_of, timestamp=timestamp_of)

    def latest(self, count: int) -> list[Message]:
        """Return up to `count` of the newest messages, oldest first."""
        return self._messages[-count:] if count > 0 else []

    def published_since(self, moment: int) -> list[Message]:
        return [message for message in self._messages if timestamp_of(message) >= moment]

    def forget_before(self, moment: int) -> list[str]:
        """Drop the messages first received before `moment`, and return their serials."""
        count = 0
        while count < len(self._messages) and timestamp_of(self._messages[count]) < moment:
            count += 1
        forgotten = self._serials[:count]
        for message in self._messages[:count]:
            original = self._versions.pop(serial_of(message), [message])[0]
            self._by_id.pop(original.id or "", None)
        del self._messages[:count], self._serials[:count]
        return forgotten

    def _index(self, serial: str) -> int | None:
        index = bisect_left(self._serials, serial)
        found = index < len(self._serials) and self._serials[index] == serial
        return index if found else None
