"""Messages, as published and as received, and what publishing returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from ._wire.fields import integer, mapping, text

if TYPE_CHECKING:
    from .options import ChannelOptions


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
    action: MessageAction | None = None
    serial: str | None = None
    version: MessageVersion | None = None
    annotations: MessageAnnotations = field(default_factory=MessageAnnotations)

    @classmethod
    def from_encoded(
        cls, wire: Mapping[str, Any], options: ChannelOptions | None = None
    ) -> Message:
        """Read a message as Ably delivers it elsewhere, decoded (TM3)."""
        from ._wire.encoded import cipher_from, decode
        from ._wire.message_codec import message_from_wire

        return decode(message_from_wire(wire), cipher_from(options))

    @classmethod
    def from_encoded_array(
        cls, wires: Iterable[Mapping[str, Any]], options: ChannelOptions | None = None
    ) -> list[Message]:
        """Read several, as `from_encoded` does."""
        return [cls.from_encoded(wire, options) for wire in wires]


class UnreadVersion:
    """What a received message says of its version, kept until somebody asks for it."""

    __slots__ = ("_wire",)

    def __init__(self, wire: Mapping[str, Any]) -> None:
        self._wire = wire

    def read(self, message: Message) -> MessageVersion:
        """TM2s: what the server left out is taken from the message itself."""
        get = self._wire.get
        return MessageVersion(
            serial=text(get("serial")) or message.serial,
            timestamp=integer(get("timestamp")) or message.timestamp,
            client_id=text(get("clientId")),
            description=text(get("description")),
            metadata=mapping(get("metadata")),
        )


_version = vars(Message)["version"]  # the slot, which `Message.version` will no longer name


def _read_version(message: Message) -> MessageVersion | None:
    """The latest version, made at the first look: few listeners take one."""
    version: MessageVersion | UnreadVersion | None = _version.__get__(message)
    if isinstance(version, UnreadVersion):
        version = version.read(message)
        _version.__set__(message, version)
    return version


# A property cannot be declared on a slot of the same name, so it takes its place afterwards.
setattr(Message, "version", property(_read_version, _version.__set__))  # noqa: B010


class AnnotationAction(IntEnum):
    """What an annotation does (TAN2b)."""

    ANNOTATION_CREATE = 0
    ANNOTATION_DELETE = 1


@dataclass(slots=True)
class Annotation:
    """One annotation of a message, such as a reaction (TAN2).

    `type` names how annotations add up, for example `reaction:distinct.v1`. `data`, `encoding`
    and `timestamp` are as in `Message`.
    """

    type: str | None = None
    name: str | None = None
    client_id: str | None = None
    count: int | None = None
    data: Any = None
    encoding: str | None = None
    extras: Mapping[str, Any] | None = None
    id: str | None = None
    action: AnnotationAction = AnnotationAction.ANNOTATION_CREATE
    timestamp: int | None = None
    serial: str | None = None
    message_serial: str | None = None

    @classmethod
    def from_encoded(
        cls, wire: Mapping[str, Any], options: ChannelOptions | None = None
    ) -> Annotation:
        """Read an annotation as Ably delivers it elsewhere, decoded (TAN3)."""
        from ._wire.annotation_codec import annotation_from_wire
        from ._wire.encoded import cipher_from, decode

        return decode(annotation_from_wire(wire), cipher_from(options))

    @classmethod
    def from_encoded_array(
        cls, wires: Iterable[Mapping[str, Any]], options: ChannelOptions | None = None
    ) -> list[Annotation]:
        """Read several, as `from_encoded` does."""
        return [cls.from_encoded(wire, options) for wire in wires]


@dataclass(frozen=True, slots=True)
class MessageOperation:
    """Who changes a message, and why (MOP)."""

    client_id: str | None = None
    description: str | None = None
    metadata: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Criteria for `subscribe`; a message has to meet all that are given (MFI, RTL22).

    `is_ref` asks whether the message has an `extras.ref` at all; the two others look inside it.
    """

    name: str | None = None
    client_id: str | None = None
    is_ref: bool | None = None
    ref_timeserial: str | None = None
    ref_type: str | None = None

    def matches(self, message: Message) -> bool:
        """Whether a message meets the criteria."""
        ref = (message.extras or {}).get("ref")
        ref_fields = ref if isinstance(ref, Mapping) else {}
        return (
            (self.name is None or message.name == self.name)
            and (self.client_id is None or message.client_id == self.client_id)
            and (self.is_ref is None or (ref is not None) == self.is_ref)
            and (self.ref_timeserial is None or ref_fields.get("timeserial") == self.ref_timeserial)
            and (self.ref_type is None or ref_fields.get("type") == self.ref_type)
        )


@dataclass(frozen=True, slots=True)
class UpdateDeleteResult:
    """The version that an update, delete or append made (UDR).

    `version_serial` is None if a later change took its place before it could be published.
    """

    version_serial: str | None = None


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What the server made of a publish (RTL6j).

    `serials` has one entry per published message, in order; an entry is None where the server
    dropped the message under a conflation rule.
    """

    serials: tuple[str | None, ...] = ()
