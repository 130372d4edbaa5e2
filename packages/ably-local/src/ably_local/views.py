"""What the server holds, in the form in which a test wants to compare it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from .messages import Message, Payload, PresenceMessage


@dataclass(frozen=True, slots=True)
class PublishedMessage:
    """A message that was published, in its latest version.

    `data` is decoded as a subscriber's would be, but for what only the subscriber can undo, such as
    encryption: that is left in `encoding`. `action` is `create`, `update` or `delete`; `timestamp`
    is in milliseconds since the epoch; `connection_id` is None if it came over REST.
    """

    name: str | None
    data: Any
    client_id: str | None = None
    extras: Mapping[str, Any] | None = None
    encoding: str | None = field(default=None, repr=False)
    action: str = field(default="create", repr=False)
    id: str | None = field(default=None, repr=False)
    connection_id: str | None = field(default=None, repr=False)
    serial: str | None = field(default=None, repr=False)
    timestamp: int | None = field(default=None, repr=False)

    @classmethod
    def of(cls, message: Message) -> Self:
        """Return what is shown of `message`."""
        data, encoding = decoded(message.payload)
        return cls(
            name=message.name,
            data=data,
            client_id=message.client_id,
            extras=message.extras,
            encoding=encoding,
            action=message.action.name.lower(),
            id=message.id,
            connection_id=message.connection_id,
            serial=message.serial,
            timestamp=message.timestamp,
        )


@dataclass(frozen=True, slots=True)
class PresentMember:
    """A member of a presence set: one client over one connection.

    `data` and `encoding` are as in `PublishedMessage`; `timestamp` is when the member last entered
    or updated its data, in milliseconds since the epoch.
    """

    client_id: str | None
    data: Any
    extras: Mapping[str, Any] | None = None
    encoding: str | None = field(default=None, repr=False)
    connection_id: str | None = field(default=None, repr=False)
    timestamp: int | None = field(default=None, repr=False)

    @classmethod
    def of(cls, member: PresenceMessage) -> Self:
        """Return what is shown of `member`."""
        data, encoding = decoded(member.payload)
        return cls(
            client_id=member.client_id,
            data=data,
            extras=member.extras,
            encoding=encoding,
            connection_id=member.connection_id,
            timestamp=member.timestamp,
        )


def decoded(payload: Payload) -> tuple[Any, str | None]:
    """Return the data, decoded as far as the server can, and the encoding that is left.

    A step that fails is left too, as a client leaves it (RSL6b).
    """
    data: Any = payload.data
    steps = payload.encoding.split("/") if payload.encoding else []
    try:
        while steps:
            match steps[-1], data:
                case "json", str():
                    data = json.loads(data)
                case "utf-8", bytes():
                    data = data.decode()
                case "base64", str():
                    data = base64.b64decode(data, validate=True)
                case _:
                    break
            steps.pop()
    except ValueError:
        pass
    return data, "/".join(steps) or None
