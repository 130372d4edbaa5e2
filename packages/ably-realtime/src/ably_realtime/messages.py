"""Messages, as published and as received, and what publishing returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class MessageAction(IntEnum):
    """What a message does (TM5)."""

    MESSAGE_CREATE = 0
    MESSAGE_UPDATE = 1
    MESSAGE_DELETE = 2
    META = 3
    MESSAGE_SUMMARY = 4
    MESSAGE_APPEND = 5


@dataclass(frozen=True, slots=True)
class MessageVersion:
    """The latest version of a message (TM2s). `timestamp` is milliseconds since the epoch."""

    serial: str | None = None
    timestamp: int | None = None
    client_id: str | None = None
    description: str | None = None
    metadata: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class MessageAnnotations:
    """Annotation summaries of a message, by annotation type (TM8)."""

    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Message:
    """One message (TM2).

    `data` is text, bytes, or anything JSON can hold as an object or array; `None` sends no
    payload. `timestamp` is milliseconds since the epoch. `encoding` names what is still applied
    to `data`: it is unset on a received message unless the payload could not be decoded (RSL6b).
    A received message is shared by all listeners: treat it as read-only.
    """

    name: str | None = None
    data: Any = None
    client_id: str | None = None
    id: str | None = None
    connection_id: str | None = None
    connection_key: str | None = field(default=None, repr=False)
    encoding: str | None = None
    extras: Mapping[str, Any] | None = None
    timestamp: int | None = None
    action: MessageAction = MessageAction.MESSAGE_CREATE
    serial: str | None = None
    version: MessageVersion | None = None
    annotations: MessageAnnotations = field(default_factory=MessageAnnotations)


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What the server made of a publish (RTL6j).

    `serials` has one entry per published message, in order; an entry is None where the server
    dropped the message under a conflation rule.
    """

    serials: tuple[str | None, ...] = ()
